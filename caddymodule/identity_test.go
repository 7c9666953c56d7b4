package caddymodule_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"
)

func TestIdentityFromBasicAuth(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("pass"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASSWORD_HASH", string(hash))
	s := openShop(t, `{
	checkout {
		api_url {$API}
	}
}

http:// {
	basic_auth /upgrade {
		bob@example.com {$PASSWORD_HASH}
		4711 {$PASSWORD_HASH}
	}
	checkout_link /upgrade {
		link_id 123
		identity {http.auth.user.id} email
	}
}
`)
	s.getsLink(s.click("/upgrade", func(r *request) { r.SetBasicAuth("bob@example.com", "pass") }),
		"bob@example.com")
	s.fails(s.click("/upgrade", func(r *request) { r.SetBasicAuth("4711", "pass") }),
		http.StatusForbidden)
	if res := s.click("/upgrade",
		func(r *request) {
			r.SetBasicAuth("bob@example.com",
				"guess")
		}); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong password is answered %d", res.StatusCode)
	}
	s.apiCalls(1)
}

func TestIdentityFromForwardAuth(t *testing.T) {
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("sso"); err == nil && cookie.Value == "good" {
			w.Header().Set("Remote-Email", "carol@example.com")
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(gate.Close)
	t.Setenv("GATE", strings.TrimPrefix(gate.URL, "http://"))
	s := openShop(t, `{
	checkout {
		api_url {$API}
	}
}

http:// {
	forward_auth /upgrade* {$GATE} {
		uri /verify
		copy_headers Remote-Email
	}
	checkout_link /upgrade {
		link_id 123
		identity {http.reverse_proxy.header.Remote-Email} email
	}
	checkout_link /upgrade/lower-case {
		link_id 123
		identity {rp.header.remote-email} email
	}
	checkout_link /open {
		link_id 123
		identity {http.reverse_proxy.header.Remote-Email} email
	}
}
`)
	signedIn := func(r *request) { r.AddCookie(&http.Cookie{Name: "sso", Value: "good"}) }
	s.getsLink(s.click("/upgrade", signedIn), "carol@example.com")
	s.getsLink(s.click("/upgrade/lower-case", signedIn), "carol@example.com")
	forged := header("Remote-Email", "victim@example.com")
	if res := s.click("/upgrade", forged); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a forged header is answered %d", res.StatusCode)
	}
	s.fails(s.click("/open", forged), http.StatusUnauthorized)
	s.apiCalls(1)
}

// TestNoLeewayIsNone is the regression test of a leeway of zero that was read as the default.
func TestNoLeewayIsNone(t *testing.T) {
	justExpired := as(jwt.MapClaims{
		"email": "ann@example.com",
		"exp":   time.Now().Add(-10 * time.Second).Unix(),
	})
	s := openShop(t, shopWithin("leeway 30s"))
	s.getsLink(s.click("/upgrade", justExpired), "ann@example.com")
	if err := s.reload(shopWithin("leeway 0s")); err != nil {
		t.Fatal(err)
	}
	s.fails(s.click("/upgrade", justExpired), http.StatusUnauthorized)
	s.getsLink(s.click("/upgrade", by("ann@example.com")), "ann@example.com")
}

// shopWithin is a shop whose identity has one line more.
func shopWithin(line string) string {
	return `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			` + line + `
		}
	}
}

http:// {
	checkout_link /upgrade {
		link_id 1
	}
}
`
}
