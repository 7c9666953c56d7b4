package auth_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestUnknownKidFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{body: jwks(jwkOf(es256("old")))}
		a, _ := over(t, server, nil)
		go a.Run(t.Context())
		synctest.Wait()
		rotated := longToken(t, signer{alg: "ES256", private: otherP256(), kid: "new"})
		refused(t, a, rotated, "kid")
		server.serve(jwks(jwk(otherP256(), map[string]any{"kid": "new"})))

		// Somebody sends random kids all the time.
		forged := signer{alg: "ES256", private: p256Key()}
		start := time.Now()
		var seen time.Duration
		for i := 0; time.Since(start) < time.Minute; i++ {
			forged.kid = fmt.Sprint("x", i%7)
			refused(t, a, longToken(t, forged), "kid")
			if _, err := a.Verify(t.Context(), rotated); err == nil && seen == 0 {
				seen = time.Since(start)
			}
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		if got := len(server.times()); got > 8 {
			t.Errorf("%d fetches in a minute", got)
		}
		if seen == 0 || seen > 10*time.Second+200*time.Millisecond {
			t.Errorf("the new key was accepted after %s", seen)
		}
		refused(t, a, longToken(t, es256("old")), "kid")
	})
}

// Without anybody asking again, one unknown kid is enough to have the new key ten seconds later.
func TestUnknownKidBringsFetchForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{body: jwks(jwkOf(es256("old")))}
		a, _ := over(t, server, nil)
		go a.Run(t.Context())
		time.Sleep(5 * time.Second)
		server.serve(jwks(jwkOf(es256("new"))))
		refused(t, a, longToken(t, es256("new")), "kid")
		time.Sleep(5*time.Second + time.Millisecond)
		accepted(t, a, longToken(t, es256("new")))

		time.Sleep(time.Minute) // and later at once, while the request does not wait
		server.serve(jwks(jwkOf(es256("newer"))))
		start := time.Now()
		refused(t, a, longToken(t, es256("newer")), "kid")
		synctest.Wait()
		accepted(t, a, longToken(t, es256("newer")))
		if time.Since(start) != 0 {
			t.Error("a request waited")
		}
	})
}

func TestRevokedKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stolen, good := es256("stolen"), signer{alg: "EdDSA", private: ed25519Key(), kid: "good"}
		server := &keyServer{body: jwks(jwkOf(stolen), jwkOf(good))}
		a, _ := over(t, server, nil)
		go a.Run(t.Context())
		synctest.Wait()
		token := longToken(t, stolen)
		accepted(t, a, token)

		// An unchanged set keeps what was remembered; a changed one forgets it at once, though a
		// minute is not over.
		time.Sleep(9*time.Minute - 5*time.Second)
		accepted(t, a, token)
		server.serve(jwks(jwkOf(good)))
		for range 130 {
			time.Sleep(time.Second)
			synctest.Wait()
			if len(server.times()) > 1 {
				break
			}
			accepted(t, a, token)
		}
		refused(t, a, token, "kid")
		accepted(t, a, longToken(t, good))
	})
}

func TestSetLivesForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{body: jwks(jwkOf(es256("a")))}
		a, _ := over(t, server, nil)
		go a.Run(t.Context())
		token := longToken(t, es256("a"))
		synctest.Wait()
		server.serve("")
		time.Sleep(24*time.Hour - time.Second)
		accepted(t, a, token)
		time.Sleep(2 * time.Second)
		unavailable(t, a, token)
		server.serve(jwks(jwkOf(es256("a"))))
		time.Sleep(time.Minute)
		accepted(t, a, token)
	})
}

func TestWorksWithoutRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{body: jwks(jwkOf(es256("a")))}
		a, _ := over(t, server, nil)
		token := longToken(t, es256("a"))
		accepted(t, a, token)
		time.Sleep(12 * time.Minute)
		accepted(t, a, token) // begins a refresh
		synctest.Wait()
		if got := len(server.times()); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
	})
}

func TestPanicInFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var results []string
		a, _ := over(
			t,
			&keyServer{panics: true},
			func(r string, _ error) { results = append(results, r) },
		)
		unavailable(t, a, longToken(t, es256("a")))
		if !slices.Equal(results, []string{"panic"}) {
			t.Errorf("results %q", results)
		}
	})
}

// A kid that nobody knows yet does not begin a second fetch beside the one under way.
func TestUnknownKidDuringFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{body: jwks(jwkOf(es256("a")))}
		a, _ := over(t, server, nil)
		accepted(t, a, longToken(t, es256("a")))
		server.mu.Lock()
		server.hangs = true
		server.mu.Unlock()
		time.Sleep(12 * time.Minute)
		for range 10 {
			refused(t, a, longToken(t, es256("b")), "kid")
		}
		synctest.Wait()
		if got := len(server.times()); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
		time.Sleep(time.Minute)
	})
}

// TestNewKeyUnderOldName is about providers that rotate without a new kid, or have none.
func TestNewKeyUnderOldName(t *testing.T) {
	bare := func(private any) map[string]any { return jwk(private, nil) }
	next := signer{alg: "ES256", private: otherP256()}
	named := signer{alg: "ES256", private: otherP256(), kid: "a"}
	for name, test := range map[string]struct {
		before []map[string]any
		after  map[string]any
		signer signer
		rule   string // that refuses the new token until the set is fetched
	}{
		"the same kid": {
			[]map[string]any{jwkOf(es256("a"))}, jwkOf(named), named, "signature",
		},
		"no kid": {[]map[string]any{bare(p256Key())}, bare(otherP256()), next, "signature"},
		"the same kid, another kind": {
			[]map[string]any{jwk(rsaKey(), map[string]any{"kid": "a"})}, jwkOf(named), named, "key",
		},
		"no kid, another kind": {[]map[string]any{bare(rsaKey())}, bare(otherP256()), next, "key"},
		"no kid, too many keys before": {
			[]map[string]any{jwk(p384Key(), nil), bare(p256Key()), jwk(thirdP256(), nil)},
			bare(otherP256()), next, "kid",
		},
		"a kid that no key had": {[]map[string]any{bare(p256Key())}, jwkOf(named), named, "kid"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &keyServer{body: jwks(test.before...)}
				a, _ := over(t, server, nil)
				go a.Run(t.Context())
				time.Sleep(time.Second)
				server.serve(jwks(test.after))
				token := longToken(t, test.signer)
				refused(t, a, token, test.rule)
				time.Sleep(9*time.Second + time.Millisecond)
				accepted(t, a, token)

				// A good token asks for nothing.
				time.Sleep(time.Minute)
				accepted(t, a, longToken(t, test.signer))
				if got := len(server.times()); got != 2 {
					t.Errorf("%d fetches, want 2", got)
				}
			})
		})
	}
}

// Forged signatures cost the provider no more than unknown kids do: one fetch in ten seconds.
func TestForgedSignatureFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &keyServer{
			body: jwks(jwkOf(es256("a")), jwk(rsaKey(), map[string]any{"kid": "r"})),
		}
		a, _ := over(t, server, nil)
		go a.Run(t.Context())
		synctest.Wait()
		forged := []signer{
			{alg: "ES256", private: otherP256(), kid: "a"},
			{alg: "ES256", private: otherP256()},
			{alg: "ES256", private: otherP256(), kid: "r"},
			{alg: "EdDSA", private: ed25519Key()},
			{alg: "ES256", private: otherP256(), kid: "x"},
		}
		good := longToken(t, es256("a"))
		start := time.Now()
		for i := 0; time.Since(start) < time.Minute; i++ {
			refused(t, a, longToken(t, forged[i%len(forged)]), "")
			accepted(t, a, good)
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		asked := server.times()
		if len(asked) > 8 {
			t.Errorf("%d fetches in a minute", len(asked))
		}
		for i := 1; i < len(asked); i++ {
			if pause := asked[i].Sub(asked[i-1]); pause < 10*time.Second {
				t.Errorf("a pause of %s", pause)
			}
		}

		// What needs no key to be refused asks for none.
		fetched := len(server.times())
		for _, token := range []string{
			"junk", "a.b.c", es256("a").sign(t, `{"alg":"none"}`, "{}"),
		} {
			refused(t, a, token, "")
		}
		refused(t, a, es256("a").token(t, `{"exp":1}`), "expired")
		time.Sleep(11 * time.Second)
		if got := len(server.times()); got > fetched+1 {
			t.Errorf("%d fetches for tokens that no key could help", got-fetched)
		}
	})
}
