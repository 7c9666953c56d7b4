package caddymodule_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// benchShop has the module's cached redirect beside Caddy's own redirect with the same headers.
const benchShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign pro {
			link_id 123
			package_name "Pro, yearly"
		}
	}
}

http:// {
	header /redir Cache-Control no-store
	header /redir Referrer-Policy no-referrer
	header /redir X-Content-Type-Options nosniff
	header /redir X-Robots-Tag noindex
	redir /redir https://pay.sandbox.example/pay/0123456789012345678901234567890123456789 303
	checkout_link /upgrade pro
}
`

// nullWriter costs as little as a response writer can.
type nullWriter struct{ header http.Header }

func (w *nullWriter) Header() http.Header         { return w.header }
func (w *nullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *nullWriter) WriteHeader(int)             {}

// BenchmarkRedirect compares what a handler chain adds: ours, cached, and Caddy's redir. The server
// around it, which costs several times as much, is left out; the whole-server ratio is measured by
// the bench command.
func BenchmarkRedirect(b *testing.B) {
	for _, path := range []string{"/redir", "/upgrade"} {
		b.Run(path[1:], func(b *testing.B) {
			serve := repeatedClick(openShop(b, benchShop), path)
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
		})
	}
}

// repeatedClick returns a function that sends the same signed-in shopper through the site's
// handlers again, after a first time.
func repeatedClick(s *shop, path string) func() {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	by("ann@example.com")(&request{r})
	handler := s.live.Load().handler
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
	serve := func() {
		w := &nullWriter{header: make(http.Header, 8)}
		if err := handler.ServeHTTP(w,
			caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w,
				new(caddyhttp.Server)), next); err != nil {
			s.t.Fatal(err)
		}
	}
	serve()
	return serve
}

// TestCachedRedirectAllocatesNoMoreThanRedir keeps the budget of the hot path: what Caddy's own
// redirect with the same four headers allocates.
func TestCachedRedirectAllocatesNoMoreThanRedir(t *testing.T) {
	s := openShop(t, benchShop)
	theirs := testing.AllocsPerRun(200, repeatedClick(s, "/redir"))
	ours := testing.AllocsPerRun(200, repeatedClick(s, "/upgrade"))
	if ours > theirs {
		t.Errorf("a cached redirect allocates %v times, Caddy's redir %v times", ours, theirs)
	}
}
