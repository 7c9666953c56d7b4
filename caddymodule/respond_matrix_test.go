package caddymodule_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"
)

// matrixShop tells the outcome in a header, so that the matrix can check why as well as what.
const matrixShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
}

http:// {
	header >X-Outcome "{http.checkout.outcome}"
	checkout_link /upgrade {
		link_id 123
		anonymous redirect /login
	}
}
`

// visitor is one row of the matrix.
type visitor struct {
	method, dest, purpose, early, accept string
	crossSiteNoCORS, signedIn            bool
}

// expected says what the row must get, as the documentation's table does.
func (v visitor) expected() (status int, outcome string) {
	switch {
	case v.method == "OPTIONS":
		return http.StatusOK, "" // the next handler's
	case v.purpose != "":
		return http.StatusForbidden, "prefetch"
	case v.dest != "" && v.dest != "document" && v.dest != "empty", v.crossSiteNoCORS:
		return http.StatusForbidden, "embedded"
	case v.early != "":
		return http.StatusTooEarly, "early_data"
	case v.method == "HEAD":
		return http.StatusNoContent, "head"
	case v.method != "GET" && v.method != "POST":
		return http.StatusMethodNotAllowed, "method"
	case !v.signedIn && v.wantsJSON():
		return http.StatusUnauthorized, "anonymous"
	case !v.signedIn:
		return http.StatusSeeOther, "anonymous"
	case v.wantsJSON():
		return http.StatusOK, "link"
	}
	return http.StatusSeeOther, "link"
}

func (v visitor) wantsJSON() bool { return strings.HasPrefix(v.accept, "application/json") }

func (v visitor) asks(r *request) {
	r.Method = v.method
	for name, value := range map[string]string{
		"Sec-Fetch-Dest": v.dest, "Sec-Purpose": v.purpose, "Early-Data": v.early,
		"Accept": v.accept,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if v.crossSiteNoCORS {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Mode", "no-cors")
	}
	if v.signedIn {
		by("ann@example.com")(r)
	}
}

// visitors is every combination that a browser, an app or a proxy could send.
func visitors() []visitor {
	var all []visitor
	for _, method := range []string{
		"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND",
	} {
		for _, dest := range []string{
			"", "document", "empty", "image", "iframe", "script", "object",
		} {
			for _, accept := range []string{
				"", "text/html,application/xhtml+xml,*/*;q=0.8",
				"application/json", "application/json, text/plain, */*",
			} {
				for _, signedIn := range []bool{true, false} {
					all = append(all, visitor{
						method: method, dest: dest, accept: accept, signedIn: signedIn,
					})
				}
			}
		}
		for _, purpose := range []string{"prefetch", "prefetch;prerender", "Prefetch"} {
			all = append(all, visitor{method: method, purpose: purpose, signedIn: true})
		}
		all = append(all, visitor{method: method, early: "1", signedIn: true},
			visitor{method: method, crossSiteNoCORS: true, signedIn: true})
	}
	return all
}

// TestEveryAnswerOverEveryProtocol runs the whole matrix over HTTP/1.1, HTTP/2 and HTTP/3.
func TestEveryAnswerOverEveryProtocol(t *testing.T) {
	s := openShop(t, matrixShop)
	for name, via := range map[string]func(*testing.T, *shop) (http.RoundTripper,
		string){"h1": overHTTP1, "h2": overHTTP2, "h3": overHTTP3} {
		t.Run(name, func(t *testing.T) {
			sub := &shop{t: t, zotlo: s.zotlo, site: &httptest.Server{}}
			sub.via, sub.site.URL = via(t, s)
			for _, v := range visitors() {
				res := sub.click("/upgrade", v.asks)
				status, outcome := v.expected()
				if res.StatusCode != status || res.Header.Get("X-Outcome") != outcome {
					t.Errorf("%+v: %d %q, want %d %q", v, res.StatusCode,
						res.Header.Get("X-Outcome"), status, outcome)
				}
				if outcome != "" {
					private(t, res)
				}
			}
		})
	}
	s.apiCalls(1) // one shopper, one offer
}

func overHTTP1(_ *testing.T, s *shop) (http.RoundTripper, string) {
	return http.DefaultTransport, s.site.URL
}

func overHTTP2(t *testing.T, s *shop) (http.RoundTripper, string) {
	server := httptest.NewUnstartedServer(s)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Client().Transport, server.URL
}

func overHTTP3(t *testing.T, s *shop) (http.RoundTripper, string) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its certificate
	t.Cleanup(server.Close)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h3 := &http3.Server{
		Handler:   s,
		TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: server.TLS.Certificates}),
	}
	go h3.Serve(conn) //nolint:errcheck // ends with Close
	t.Cleanup(func() { h3.Close() })
	trusting := server.Client().Transport.(*http.Transport).TLSClientConfig
	transport := &http3.Transport{TLSClientConfig: trusting}
	t.Cleanup(func() { transport.Close() })
	return transport, "https://" + conn.LocalAddr().String()
}
