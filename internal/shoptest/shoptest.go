// Package shoptest opens shops for tests of the whole binary: Caddy as a process, a stand-in for
// Zotlo behind it, and clients that sign in, click and pay as shoppers do.
//
// A package whose tests open shops calls Main from its TestMain.
package shoptest

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// What all shops have in common.
const (
	Host      = "shop.example.com"
	PayURL    = "https://pay.example.com" // where the stand-in's links lead
	JWTSecret = "the key that signs this shop's sessions"
	Ann       = "ann@example.com"
	Ben       = "ben@example.com"
)

// Private are global options that keep a test's Caddy to itself and let it log all it can. A real
// site needs none of them.
const Private = `
	debug
	admin unix/{$DIR}/admin.sock
	http_port {$HTTP_PORT}
	https_port {$HTTPS_PORT}
	default_bind 127.0.0.1
	skip_install_trust
`

// Shop is a site in front of the module, Caddy around them, and a stand-in for Zotlo behind.
type Shop struct {
	*Process
	Zotlo  *sandbox.Sandbox
	Clock  *sandbox.Clock // of the stand-in: its webhooks and the hour of its links
	Client *http.Client   // stops at the first redirect

	api   string        // the stand-in's address
	asked chan struct{} // gets one for every API call that arrives, while there is room
	gate  sync.RWMutex  // while it is locked, API calls wait
}

// Open starts Caddy with a Caddyfile. It finds the stand-in's address in {$API} and the keys in the
// environment, where further variables are put and may take the place of those. All ends with the
// test, which fails if Caddy does not end in order.
func Open(t *testing.T, caddyfile string, env ...string) *Shop {
	t.Helper()
	return open(t, PayURL, caddyfile, env...)
}

// OpenReachable is Open with links that lead to the stand-in's own address, for browsers that pay
// there. The site must have another host than 127.0.0.1.
func OpenReachable(t *testing.T, caddyfile string, env ...string) *Shop {
	t.Helper()
	return open(t, "", caddyfile, env...)
}

func open(t *testing.T, pay, caddyfile string, env ...string) *Shop {
	t.Helper()
	s := &Shop{Clock: sandbox.NewClock(time.Now()), asked: make(chan struct{}, 1000)}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.asked <- struct{}{}:
		default:
		}
		s.gate.RLock()
		defer s.gate.RUnlock()
		s.Zotlo.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	s.api = api.URL
	s.Zotlo = sandbox.New(sandbox.Config{PublicURL: cmp.Or(pay, api.URL), Now: s.Clock.Now})
	s.start(t, caddyfile, env...)
	return s
}

// OpenNode starts a further Caddy in front of the same stand-in.
func (s *Shop) OpenNode(t *testing.T, caddyfile string, env ...string) *Shop {
	t.Helper()
	node := &Shop{Zotlo: s.Zotlo, Clock: s.Clock, asked: s.asked, api: s.api}
	node.start(t, caddyfile, env...)
	return node
}

// At is a shop whose Caddy the test runs inside its own process, at an address. It has no Clock,
// and of its Process only the address.
func At(t *testing.T, addr string, zotlo *sandbox.Sandbox) *Shop {
	t.Helper()
	client := Browser(t, &http.Transport{DialContext: DialTo("tcp", addr)})
	return &Shop{Process: &Process{t: t, HTTP: addr}, Zotlo: zotlo, Client: client}
}

// start starts the shop's Caddy.
func (s *Shop) start(t *testing.T, caddyfile string, env ...string) {
	t.Helper()
	keys := []string{
		"API=" + s.api, "JWT_SECRET=" + JWTSecret,
		"ZOTLO_ACCESS_KEY=" + sandbox.DefaultAccessKey,
		"ZOTLO_ACCESS_SECRET=" + sandbox.DefaultAccessSecret,
		"ZOTLO_APPLICATION_KEY=" + sandbox.DefaultApplicationKey,
	}
	s.Process = start(t, caddyfile, append(keys, env...)...)
	s.Client = Browser(t, &http.Transport{
		DialContext: DialTo("tcp", s.HTTP), MaxIdleConnsPerHost: 64,
	})
}

// APIURL is the stand-in's address.
func (s *Shop) APIURL() string { return s.api }

// HoldAPI makes API calls wait until release is called, or the test ends.
func (s *Shop) HoldAPI(t *testing.T) (release func()) {
	s.gate.Lock()
	release = sync.OnceFunc(s.gate.Unlock)
	t.Cleanup(release)
	return release
}

// WaitAsked waits until an API call has arrived, answered or not.
func (s *Shop) WaitAsked(t *testing.T) {
	t.Helper()
	select {
	case <-s.asked:
	case <-time.After(patience):
		t.Fatal("no API call arrives")
	}
}

// WantCalls checks how many API calls have been made in all.
func (s *Shop) WantCalls(t *testing.T, want int) {
	t.Helper()
	if got := s.Zotlo.Calls(); got != want {
		t.Errorf("%d API calls, want %d", got, want)
	}
}
