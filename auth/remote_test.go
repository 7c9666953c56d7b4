package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/auth"
)

// keyServer is a key server without a network, for tests in which the clock is synthetic. It notes
// when it was asked.
type keyServer struct {
	mu     sync.Mutex
	body   string // empty: down
	hangs  bool
	panics bool
	asked  []time.Time
}

func (s *keyServer) serve(body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body = body
}

func (s *keyServer) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *keyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked = append(s.asked, time.Now())
	body, hangs, panics := s.body, s.hangs, s.panics
	s.mu.Unlock()
	switch {
	case panics:
		panic("a fault of ours")
	case hangs:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case body == "":
		return nil, errors.New("connection refused")
	}
	answer := httptest.NewRecorder()
	fmt.Fprint(answer, body)
	return answer.Result(), nil
}

// over makes an Authenticator that asks the server, and its key set.
func over(
	t testing.TB,
	s *keyServer,
	onRefresh func(string, error),
) (*auth.Authenticator, *auth.RemoteKeys) {
	t.Helper()
	const url = "https://id.example.com/jwks"
	keys, err := auth.NewRemoteKeys(
		auth.RemoteConfig{URL: url, Client: &http.Client{Transport: s}, OnRefresh: onRefresh},
	)
	if err != nil {
		t.Fatal(err)
	}
	return newAuth(t, auth.Config{JWKS: url, Remote: keys, Audience: []string{"any"}}), keys
}

// longToken is good for days.
func longToken(t testing.TB, s signer) string {
	t.Helper()
	return s.token(t, fmt.Sprintf(`{"exp":%d,%s}`, time.Now().Add(100*time.Hour).Unix(), ada))
}

func TestRunRefreshesEveryTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{body: jwks(jwkOf(es256("a")))}
		a, _ := over(t, server, nil)
		ctx, stop := context.WithCancel(t.Context())
		go a.Run(ctx)
		time.Sleep(24 * time.Hour)
		stop()
		synctest.Wait()
		asked := server.times()
		if len(asked) < 24*60/11 || len(asked) > 24*60/9+1 {
			t.Errorf("%d fetches in a day", len(asked))
		}
		pauses := map[time.Duration]bool{}
		for i := 1; i < len(asked); i++ {
			pause := asked[i].Sub(asked[i-1])
			pauses[pause] = true
			if pause < 9*time.Minute || pause > 11*time.Minute {
				t.Errorf("a pause of %s", pause)
			}
		}
		if len(pauses) < 10 {
			t.Error("the pauses are all alike: a fleet would ask at once")
		}
		time.Sleep(time.Hour)
		if len(server.times()) != len(asked) {
			t.Error("a fetch after Run has ended")
		}
	})
}

func TestRunRetriesWithBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{}
		a, _ := over(t, server, nil)
		go a.Run(t.Context())
		time.Sleep(5 * time.Minute)
		unavailable(t, a, longToken(t, es256("a")))
		asked := server.times()
		if first := asked[1].Sub(asked[0]); first > 2*time.Second {
			t.Errorf("the first pause is %s", first)
		}
		if last := asked[len(asked)-1].Sub(asked[len(asked)-2]); last < 27*time.Second ||
			last > 33*time.Second {
			t.Errorf("the last pause is %s", last)
		}
		server.serve(jwks(jwkOf(es256("a"))))
		time.Sleep(33 * time.Second)
		synctest.Wait()
		accepted(t, a, longToken(t, es256("a")))
	})
}

func TestSeveralRunsFetchOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{body: jwks(jwkOf(es256("a")))}
		a, keys := over(t, server, nil)
		old, stop := context.WithCancel(t.Context())
		go a.Run(old) // the config before a reload
		go keys.Run(t.Context())
		time.Sleep(8 * time.Minute)
		stop()
		time.Sleep(30 * time.Second)
		if got := len(server.times()); got != 1 {
			t.Errorf("%d fetches, want 1", got)
		}
		time.Sleep(3 * time.Minute)
		if got := len(server.times()); got != 2 {
			t.Errorf("%d fetches, want 2: the other Run goes on", got)
		}
	})
}

func TestRunEndsItsFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{hangs: true}
		told := 0
		a, _ := over(t, server, func(string, error) { told++ })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { a.Run(ctx); close(ended) }()
		time.Sleep(time.Second)
		start := time.Now()
		stop()
		<-ended
		if took := time.Since(start); took > 0 {
			t.Errorf("Run took %s to end", took)
		}
		if told != 0 {
			t.Error("a fetch that was called off is not a failure")
		}
	})
}

func TestFetchEndsAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var result string
		var at time.Time
		a, _ := over(
			t,
			&keyServer{hangs: true},
			func(r string, _ error) { result, at = r, time.Now() },
		)
		start := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), 5500*time.Millisecond)
		defer stop()
		a.Run(ctx)
		if result != "timeout" || at.Sub(start) != 5*time.Second {
			t.Errorf("%q after %s, want a timeout after 5s", result, at.Sub(start))
		}
	})
}

func TestFirstRequestWaitsThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{hangs: true}
		a, _ := over(t, server, nil)
		token := longToken(t, es256("a"))
		start := time.Now()
		unavailable(t, a, token)
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("waited %s, want 3s", waited)
		}

		// A request that ends does not wait on.
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		start = time.Now()
		if _, err := a.Verify(ctx, token); !errors.Is(err, auth.ErrKeysUnavailable) ||
			!errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %s, want 1s", waited)
		}

		// The fetch is over and has failed; until the next may begin nobody waits.
		time.Sleep(1500 * time.Millisecond)
		start = time.Now()
		unavailable(t, a, token)
		if waited := time.Since(start); waited != 0 || len(server.times()) != 1 {
			t.Errorf("waited %s, %d fetches", waited, len(server.times()))
		}
		time.Sleep(time.Minute)
	})
}

func TestJunkDoesNotWaitForKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{hangs: true}
		a, _ := over(t, server, nil)
		start := time.Now()
		refused(t, a, "junk", "parts")
		if time.Since(start) != 0 || len(server.times()) != 0 {
			t.Error("junk made us ask for keys")
		}
	})
}

func TestManyFirstRequestsFetchOnce(t *testing.T) {
	p := startProvider(t, jwkOf(es256("a")))
	r := newRemote(t, byJWKS(p))
	token := p.idToken(t, es256("a"))
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := r.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := p.asked("/jwks"); got != 1 {
		t.Errorf("%d fetches, want 1", got)
	}
}

func TestKeySetFile(t *testing.T) {
	path := file(t, "jwks.json", jwks(jwkOf(es256("a"))))
	r := newRemote(t, auth.RemoteConfig{URL: path})
	accepted(t, r.Authenticator, es256("a").token(t, claims(ada)))
	replace := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r.clock.advance(11 * time.Minute)
		_, _ = r.Verify(t.Context(), es256("a").token(t, claims(ada))) // begins the refresh
	}
	replace("half a fi")
	r.fetched(t, "malformed")
	accepted(t, r.Authenticator, es256("a").token(t, claims(ada)))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(2 * time.Second)
	accepted(t, r.Authenticator, es256("a").token(t, claims(ada)))
	r.fetched(t, "file")
	replace(jwks(jwkOf(es256("b"))))
	r.fetched(t, "ok")
	refused(t, r.Authenticator, es256("a").token(t, claims(ada)), "kid")
	accepted(t, r.Authenticator, es256("b").token(t, claims(ada)))
}

// A config that is loaded again reads the file again, though the key set is shared with the config
// before.
func TestSharedKeySetFile(t *testing.T) {
	path := file(t, "jwks.json", jwks(jwkOf(es256("a"))))
	keys, err := auth.NewRemoteKeys(auth.RemoteConfig{URL: path})
	if err != nil {
		t.Fatal(err)
	}
	cfg := auth.Config{JWKS: path, Remote: keys, Audience: []string{"any"}, From: fromCookie}
	a := newAuth(t, cfg)
	token := es256("a").token(t, claims(ada))
	accepted(t, a, token)

	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"keys":[`)
	if _, err := auth.New(cfg); err == nil {
		t.Error("a broken file was accepted")
	}
	accepted(t, a, token) // the running config goes on
	write(jwks(jwkOf(es256("b"))))
	accepted(t, newAuth(t, cfg), es256("b").token(t, claims(ada)))
	refused(t, a, token, "kid")
}

// roundTrip is a server as a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Some providers want a key in the address. Whatever goes wrong, it is logged, and the key must not
// be.
func TestErrorShowsNoQuery(t *testing.T) {
	answers := func(status int) roundTrip {
		return func(*http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(status)
			return w.Result(), nil
		}
	}
	for name, server := range map[string]roundTrip{
		"down": func(*http.Request) (*http.Response, error) {
			return nil, errors.New("connection refused")
		},
		"404": answers(http.StatusNotFound), "302": answers(http.StatusFound),
		"empty": answers(http.StatusOK),
	} {
		synctest.Test(t, func(t *testing.T) {
			var got error
			keys, err := auth.NewRemoteKeys(auth.RemoteConfig{
				URL:       "https://id.example.com/keys?key=hidden",
				Client:    &http.Client{Transport: server},
				OnRefresh: func(_ string, err error) { got = err },
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			go keys.Run(ctx)
			time.Sleep(time.Millisecond)
			stop()
			synctest.Wait()
			if got == nil || strings.Contains(got.Error(), "hidden") ||
				name != "empty" && !strings.Contains(got.Error(), "id.example.com/keys") {
				t.Errorf("%s: %v", name, got)
			}
		})
	}
}

// The addresses are refused before anybody dials them.
func TestKeySetAddressErrors(t *testing.T) {
	mistakes{
		"jwks in clear": {
			auth.Config{JWKS: "http://id.example.com/jwks", Audience: []string{"a"}},
			"write an https address",
		},
		"jwks by ftp": {
			auth.Config{JWKS: "ftp://id.example.com/jwks", Audience: []string{"a"}},
			"write an https address",
		},
		"jwks with a user": {
			auth.Config{JWKS: "https://me:pw@id.example.com/jwks", Audience: []string{"a"}},
			"user name",
		},
		"jwks with a fragment": {
			auth.Config{JWKS: "https://id.example.com/jwks#1", Audience: []string{"a"}},
			"fragment",
		},
		"jwks without a host": {
			auth.Config{JWKS: "https:///jwks", Audience: []string{"a"}},
			"names no host",
		},
		"jwks is no URL": {
			auth.Config{JWKS: "https://id example.com/ jwks", Audience: []string{"a"}},
			"not a URL",
		},
		"jwks at a metadata IP": {
			auth.Config{JWKS: "http://169.254.169.254/jwks", Audience: []string{"a"}},
			"write an https address",
		},
		"issuer in clear": {
			auth.Config{Issuer: "http://id.example.com", Audience: []string{"a"}},
			"https address",
		},
		"issuer is a name": {
			auth.Config{Issuer: "id.example.com", Audience: []string{"a"}},
			"https address",
		},
		"issuer with a query": {
			auth.Config{Issuer: "https://id.example.com?a=b", Audience: []string{"a"}},
			"https address",
		},
	}.areRefused(t)
}
