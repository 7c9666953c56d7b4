package report

import (
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
)

func TestNumbersAreGrouped(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "999": "999", "1000": "1,000", "1234567": "1,234,567", "-1234.5": "−1,234.5",
		"-12.0001": "−12.0001", "100000.00": "100,000.00",
	} {
		if got := grouped(text); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestAmountsHaveTheDecimalsOfTheirCurrency(t *testing.T) {
	for want, a := range map[string]amount{
		"1,980": {money.Amount(1980_0000), "JPY"}, "19.90": {money.Amount(19_9000), "EUR"},
		"0.00": {0, "EUR"}, "0": {0, "KRW"}, "1.235": {money.Amount(1_2350), "KWD"},
	} {
		if got := a.Text(); got != want {
			t.Errorf("%v is %s, want %s", a, got, want)
		}
	}
}

func TestDistances(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"in less than a minute": 0, "1 minute ago": -90 * time.Second, "in 119 minutes": 119 * time.Minute,
		"2 hours ago": -2 * time.Hour, "in 47 hours": 48*time.Hour - 1, "2 days ago": -71 * time.Hour,
	} {
		if got := distance(evening, evening.Add(d)); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{
		1: "1 byte", 1023: "1,023 bytes", 1536: "1.5 KiB", 5 << 30: "5.0 GiB", 3 << 40: "3.0 TiB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
