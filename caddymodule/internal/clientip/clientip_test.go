package clientip

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// from is a request for which Caddy knows this of its client.
func from(clientIP string, trusted bool) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	return r.WithContext(context.WithValue(r.Context(), caddyhttp.VarsCtxKey, map[string]any{
		caddyhttp.ClientIPVarKey: clientIP, caddyhttp.TrustedProxyVarKey: trusted,
	}))
}

func TestOf(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7":        "203.0.113.7",
		"::ffff:203.0.113.7": "203.0.113.7",
		"fe80::1%eth0":       "fe80::1",
		"2001:db8::1":        "2001:db8::1",
		"":                   "invalid IP",
		"@":                  "invalid IP", // a Unix socket whose proxy says nothing
		"unknown":            "invalid IP",
	} {
		if got := Of(from(text, false)); got.String() != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestEachFaultIsToldOnce(t *testing.T) {
	public, private := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("10.0.0.1")
	forwarded, plain := from("203.0.113.7", false), from("203.0.113.7", false)
	forwarded.Header.Set("X-Forwarded-For", "198.51.100.1")
	trusted := from("203.0.113.7", true)
	trusted.Header.Set("X-Forwarded-For", "198.51.100.1")
	look := func(r *http.Request, ip netip.Addr) func(*Warnings, *zap.Logger) {
		return func(w *Warnings, log *zap.Logger) { w.Look(log, r, ip) }
	}
	miss := func(w *Warnings, log *zap.Logger) { w.Missing(log, "no_address") }
	for name, tt := range map[string]struct {
		tell  func(*Warnings, *zap.Logger)
		level zapcore.Level
		want  int
	}{
		"forwarded by nobody trusted": {look(forwarded, public), zap.WarnLevel, 1},
		"forwarded by a proxy":        {look(trusted, public), zap.WarnLevel, 0},
		"private":                     {look(plain, private), zap.WarnLevel, 1},
		"public":                      {look(plain, public), zap.WarnLevel, 0},
		"missing":                     {miss, zap.ErrorLevel, 1},
	} {
		core, logs := observer.New(zap.DebugLevel)
		w, log := new(Warnings), zap.New(core)
		for range 3 {
			tt.tell(w, log)
		}
		if got := logs.FilterLevelExact(tt.level).Len(); got != tt.want || logs.Len() != tt.want {
			t.Errorf("%s: told %d times, want %d: %v", name, got, tt.want, logs.All())
		}
	}
}
