package duration_test

import (
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/duration"
)

func TestParse(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"14d": 14 * day, "1d12h": 36 * time.Hour, "36h": 36 * time.Hour, "90m": 90 * time.Minute,
		"0.5d": 12 * time.Hour, "-1d": -day, "0s": 0, "106751d": 106751 * day,
	} {
		if got, err := duration.Parse(text); err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "d", "14", "14 d", "d12h", "1d2", "1d2d", "106752d", "-106752d", "106751d24h", "1y",
	} {
		if got, err := duration.Parse(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestParseJSON(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`"14d"`: 14 * 24 * time.Hour, `60000000000`: time.Minute, `0`: 0,
	} {
		if got, err := duration.ParseJSON([]byte(text)); err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{``, `true`, `"soon"`, `[]`, `"`, `1.5`} {
		if got, err := duration.ParseJSON([]byte(text)); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}

// TestText: what is written is short, and reads back as it was.
func TestText(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"14d": 14 * 24 * time.Hour, "36h": 36 * time.Hour, "45s": 45 * time.Second,
		"90m": 90 * time.Minute, "1h0m5s": time.Hour + 5*time.Second, "0d": 0, "-1h": -time.Hour,
	} {
		got := duration.Text(d)
		if got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
		if back, err := duration.Parse(got); err != nil || back != d {
			t.Errorf("%s reads %v, %v", got, back, err)
		}
	}
}
