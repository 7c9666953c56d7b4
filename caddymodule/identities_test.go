package caddymodule_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestOpenIDProvider(t *testing.T) {
	p := openProvider(t)
	s := openShop(t, openIDShop)
	s.getsLink(s.click("/upgrade",
		p.signs(jwt.MapClaims{
			"email":          "dora@example.com",
			"email_verified": true,
		})), "dora@example.com")
	for name, claims := range map[string]jwt.MapClaims{
		"another audience": {"email": "dora@example.com", "aud": "bank"},
		"another issuer":   {"email": "dora@example.com", "iss": p.URL + "/"},
		"expired":          {"email": "dora@example.com", "exp": 1},
	} {
		if res := s.click("/upgrade", p.signs(claims)); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	s.fails(s.click("/upgrade",
		p.signs(jwt.MapClaims{
			"email":          "victim@example.com",
			"email_verified": false,
		})), http.StatusForbidden)
	s.apiCalls(1)
}

// TestReloadWhileTheProviderIsDown: keys that were fetched before a reload still verify after it.
func TestReloadWhileTheProviderIsDown(t *testing.T) {
	p := openProvider(t)
	s := openShop(t, openIDShop)
	s.getsLink(s.click("/upgrade", p.signs(jwt.MapClaims{"email": "dora@example.com"})),
		"dora@example.com")
	p.Close()
	if err := s.reload(openIDShop); err != nil {
		t.Fatal(err)
	}
	s.getsLink(s.click("/upgrade", p.signs(jwt.MapClaims{"email": "emil@example.com"})),
		"emil@example.com")
}

// TestProviderThatNeverAnswered: nobody is let in, and nobody is told to sign in again.
func TestProviderThatNeverAnswered(t *testing.T) {
	p := openProvider(t)
	p.Close()
	s := openShop(t, openIDShop)
	res := s.click("/upgrade", p.signs(jwt.MapClaims{"email": "dora@example.com"}))
	s.fails(res, http.StatusServiceUnavailable)
	if res.Header.Get("Retry-After") == "" {
		t.Error("Retry-After is missing")
	}
	s.apiCalls(0)
}

// TestShopperWhoLeavesDuringTheFirstKeyFetchHasLeft: they were counted as an outage of the key
// server.
func TestShopperWhoLeavesDuringTheFirstKeyFetchHasLeft(t *testing.T) {
	release := make(chan struct{})
	keys := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
		*http.Request,
	) {
		<-release
	}))
	t.Cleanup(keys.Close)
	t.Cleanup(func() { close(release) })
	t.Setenv("KEYS", keys.URL)
	s := openShop(t, `{
	checkout {
		api_url {$API}
		jwt {
			jwks {$KEYS}
			audience any
			from header Authorization
		}
	}
}

http:// {
	header >X-Outcome "{http.checkout.outcome}"
	checkout_link /upgrade {
		link_id 123
		anonymous redirect /login
		fallback /pricing
	}
}
`)
	gone, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(gone, http.MethodGet, "/upgrade", nil)
	openProvider(t).signs(jwt.MapClaims{"email": "ann@example.com"})(&request{r})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if got := w.Header().Get("X-Outcome"); w.Code != 499 || got != "left" {
		t.Errorf("%d, outcome %q", w.Code, got)
	}
}

// TestOptionsFromTheEnvironment is the regression test of options that went to the verifier and to
// Zotlo as {env.NAME}.
func TestOptionsFromTheEnvironment(t *testing.T) {
	p := openProvider(t)
	t.Setenv("AUDIENCE", "shop")
	t.Setenv("APPLICATION_ID", "42")
	t.Setenv("PAY_HOST", "pay.sandbox.example")
	s := openShop(t, `{
	checkout {
		api_url {env.API}
		application_id {env.APPLICATION_ID}
		link_hosts {env.PAY_HOST}
		jwt {
			issuer {env.ISSUER}
			audience {env.AUDIENCE}
			from header Authorization
		}
		jwt keys {
			jwks {env.ISSUER}/keys
			audience other {env.AUDIENCE}
			from header Authorization
		}
		campaign pro {
			link_id 1
		}
	}
}

http:// {
	checkout_link /upgrade pro
	checkout_link /keys pro {
		jwt keys
	}
}
`)
	for _, path := range []string{"/upgrade", "/keys"} {
		s.getsLink(s.click(path, p.signs(jwt.MapClaims{"email": "ann@example.com"})),
			"ann@example.com")
	}
	for _, request := range s.zotlo.Requests() {
		if id := request.Header.Get("ApplicationId"); id != "42" {
			t.Errorf("Zotlo got the application id %q", id)
		}
	}
}
