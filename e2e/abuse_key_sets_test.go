package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// trusting is the guarded site with a provider's keys.
func trusting(p *provider) string {
	return strings.Replace(guarded, "secret {env.JWT_SECRET}", "jwks "+p.URL+"/jwks", 1)
}

func TestAbuse06FloodOfUnknownKeys(t *testing.T) {
	t.Parallel()
	known := newPair("known")
	p := openProvider(t, keySet(known))
	s := shoptest.Open(t, trusting(p))
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", bearing(known.token(claims(ann)))))
	forger := newPair("")
	for i := range 300 {
		forger.kid = fmt.Sprint("random-", i)
		s.Denies(t, "an unknown kid", http.StatusUnauthorized, "/upgrade",
			bearing(forger.token(claims(ann))))
	}
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", bearing(known.token(claims(ann)))))
	// One fetch at start, and one each 10 s at most, however slow this machine is.
	if n := p.asked.Load(); n > 3 {
		t.Errorf("%d fetches", n)
	}
}

func TestAbuse07HostileKeyServer(t *testing.T) {
	known := newPair("known")
	var elsewhere atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Add(1)
		keySet(known)(w, r)
	}))
	defer trap.Close()
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }
	}
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, trap.URL, http.StatusFound)
		},
		"HTML":      text("<h1>hello</h1>"),
		"empty set": text(`{"keys":[]}`),
		"secret key": text(`{"keys":[{"kty":"oct","kid":"known",` +
			`"k":"c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA"}]}`),
		"too long": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.Repeat(" ", 300<<10))
			keySet(known)(w, r)
		},
		"two of a name": keySet(known, newPair("known")),
		"error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := openProvider(t, answer)
			a := mustAuth(t, auth.Config{JWKS: p.URL, Audience: []string{"shop"}})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			bearing(known.token(claims(ann)))(r)
			if user, err := a.Authenticate(r); err == nil {
				t.Errorf("let in as %v", user.Subscriber)
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestAbuse08ProviderDownAtStart(t *testing.T) {
	t.Parallel()
	known := newPair("known")
	p := openProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	s := shoptest.Open(t, trusting(p))
	token := bearing(known.token(claims(ann)))
	got := s.Send(t, "/upgrade", token)
	shoptest.WantDenied(t, "a user nobody can check", got, http.StatusServiceUnavailable)
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	p.answers(keySet(known))
	shoptest.Eventually(t, "the keys are there", func() bool {
		return s.Send(t, "/upgrade", token).StatusCode == http.StatusSeeOther
	})
	s.WantCalls(t, 1)
}

func TestAbuse09RevokedKey(t *testing.T) {
	stolen, fresh := newPair("stolen"), newPair("fresh")
	p := openProvider(t, keySet(stolen, fresh))
	var passed atomic.Int64
	start := time.Now()
	now := func() time.Time { return start.Add(time.Duration(passed.Load())) }
	a := mustAuth(t, auth.Config{JWKS: p.URL, Audience: []string{"shop"}, Now: now})
	accepts := func(of pair) bool {
		_, err := a.Verify(t.Context(), of.token(claims(ann)))
		return err == nil
	}
	if !accepts(stolen) || !accepts(fresh) {
		t.Fatal("good keys do not work")
	}
	p.answers(keySet(fresh))
	passed.Store(int64(15 * time.Minute))
	shoptest.Eventually(t, "the stolen key is refused", func() bool { return !accepts(stolen) })
	if !accepts(fresh) {
		t.Error("the key that stayed is refused")
	}
}
