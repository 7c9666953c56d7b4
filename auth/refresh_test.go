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
