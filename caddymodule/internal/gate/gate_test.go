package gate

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask is a request with headers such as "Sec-Purpose: prefetch".
func ask(method string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "/upgrade", nil)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestOnlyAShoppersOwnNavigationIsLetIn(t *testing.T) {
	const crossSite, noCORS = "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"
	for _, tt := range []struct {
		method  string
		headers []string
		want    string
	}{
		{"GET", nil, ""},
		{"POST", nil, ""},
		{"GET", []string{"Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate", crossSite}, ""},
		{"GET", []string{"Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors", crossSite}, ""},
		{"GET", []string{"Sec-Fetch-Site: same-site", noCORS}, ""},
		{"GET", []string{"Early-Data: 0"}, ""},

		{"OPTIONS", nil, Options},
		{"HEAD", nil, Head},
		{"PUT", nil, Method},
		{"BREW", nil, Method},
		{"get", nil, Method}, // methods know no case but their own (RFC 9110 section 9.1)
		{"GET", []string{"Sec-Fetch-Dest: iframe", "Sec-Fetch-Mode: navigate"}, Embedded},
		{"GET", []string{"Sec-Fetch-Dest: image"}, Embedded},
		{"GET", []string{crossSite, noCORS}, Embedded},
		{"GET", []string{"Early-Data: 1"}, EarlyData},

		// the first reason that holds is the one that is counted
		{"OPTIONS", []string{"Sec-Purpose: prefetch"}, Options},
		{"HEAD", []string{"Sec-Purpose: prefetch", "Sec-Fetch-Dest: image"}, Prefetch},
		{"HEAD", []string{"Sec-Fetch-Dest: image", "Early-Data: 1"}, Embedded},
		{"HEAD", []string{"Early-Data: 1"}, EarlyData},
	} {
		if got := Check(ask(tt.method, tt.headers...), false); got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.method, tt.headers, got, tt.want)
		}
	}
}

func TestAnOwnAnswerIsForNoOtherSite(t *testing.T) {
	for _, tt := range []struct {
		method  string
		headers []string
		want    string
	}{
		{"GET", nil, ""},
		{"GET", []string{"Sec-Fetch-Site: none", "Sec-Fetch-Dest: document"}, ""},
		{"POST", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: empty"}, ""},
		{"GET", []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Dest: empty"}, Embedded},
		{"GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"}, Embedded},
		{"GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: document"}, Embedded},
		{"GET", []string{"Sec-Fetch-Site: SAME-ORIGIN"}, Embedded}, // browsers write it in lower case
		{"GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: iframe"}, Embedded},
		{"HEAD", []string{"Sec-Fetch-Site: cross-site"}, Embedded},
		{"PUT", nil, Method},
		{"OPTIONS", []string{"Sec-Fetch-Site: cross-site"}, Options},
		{"GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Purpose: prefetch"}, Prefetch},
	} {
		if got := CheckOwn(ask(tt.method, tt.headers...), false); got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.method, tt.headers, got, tt.want)
		}
	}
}

// TestBackendRouteTakesAnyMethod: the backend has acted on the request already. All other reasons
// still hold.
func TestBackendRouteTakesAnyMethod(t *testing.T) {
	for _, tt := range []struct{ method, header, want string }{
		{"PUT", "", ""},
		{"DELETE", "", ""},
		{"HEAD", "", Head},
		{"OPTIONS", "", Options},
		{"PUT", "Sec-Purpose: prefetch", Prefetch},
		{"PUT", "Sec-Fetch-Dest: image", Embedded},
		{"PUT", "Early-Data: 1", EarlyData},
	} {
		if got := Check(ask(tt.method, tt.header), true); got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.method, tt.header, got, tt.want)
		}
	}
}

// TestHandshakeThatIsNotOverIsEarlyData: what came in QUIC's 0-RTT may be a replay, and has no
// header that says so.
func TestHandshakeThatIsNotOverIsEarlyData(t *testing.T) {
	r := ask("GET")
	r.TLS = &tls.ConnectionState{}
	if got := Check(r, false); got != EarlyData {
		t.Errorf("before the handshake is over: %q", got)
	}
	r.TLS.HandshakeComplete = true
	if got := Check(r, false); got != "" {
		t.Errorf("after the handshake: %q", got)
	}
}
