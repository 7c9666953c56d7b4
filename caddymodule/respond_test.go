package caddymodule_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// failingShop has a route for each kind of fallback.
const failingShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		limits {
			timeout 300ms
			per_subscriber 100/1m
			per_ip 2/1m
		}
		campaign plain {
			link_id 1
		}
		campaign own {
			link_id 2
			fallback /campaign-fallback?from={http.checkout.return_to}&u={query.u}
		}
	}
}

http:// {
	header >X-Outcome "{http.checkout.outcome}"
	checkout_link /error plain
	checkout_link /url plain {
		fallback /pricing
	}
	checkout_link /next plain {
		fallback next
	}
	checkout_link /own own {
		fallback /pricing
	}
	checkout_link /loop plain {
		fallback /loop?again=1
	}
	checkout_link /host-loop plain {
		fallback http://{$HOST_OF_SITE}/host-loop
	}
	checkout_link /guest plain {
		anonymous guest
	}
}
`

func openFailingShop(t *testing.T) *shop {
	t.Setenv("HOST_OF_SITE", "shop.example.com")
	return openShop(t, failingShop)
}

// TestEveryFailureHasItsAnswer is the error half of the documentation's table.
func TestEveryFailureHasItsAnswer(t *testing.T) {
	for _, tt := range []struct {
		name       string
		fault      sandbox.Fault
		status     int
		outcome    string
		retryAfter bool
	}{
		{"429", sandbox.RateLimited("7"), http.StatusServiceUnavailable, "throttled", true},
		{"500", sandbox.ServerError(), http.StatusBadGateway, "unavailable", false},
		{"400", sandbox.BadRequest(400008), http.StatusBadGateway, "refused", false},
		{"wrong keys", sandbox.BadCredentials(), http.StatusBadGateway, "refused", false},
		{
			"error inside 200", sandbox.ErrorInside200(400008), http.StatusBadGateway, "refused",
			false,
		},
		{"slow", sandbox.Latency(5 * time.Second), http.StatusGatewayTimeout, "timeout", false},
		{"cut off", sandbox.CutOff(), http.StatusBadGateway, "unavailable", false},
		{"not JSON", sandbox.NotJSON(), http.StatusBadGateway, "refused", false},
		{
			"redirect", sandbox.Redirect("https://evil.example/"), http.StatusBadGateway, "refused",
			false,
		},
		{"huge", sandbox.Huge(1 << 20), http.StatusBadGateway, "refused", false},
		{
			"javascript link", sandbox.WrongLink("javascript:alert(1)"), http.StatusBadGateway,
			"untrusted_link", false,
		},
		{
			"plain http link", sandbox.WrongLink("http://pay.example.com/1"), http.StatusBadGateway,
			"untrusted_link", false,
		},
		{
			"link back to the site", sandbox.WrongLink("https://shop.example.com/url"),
			http.StatusBadGateway, "untrusted_link", false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// click asks a new shop each time, whose breaker knows nothing of the clicks before.
			click := func(path string, options ...func(*request)) (*shop, *http.Response) {
				s := openFailingShop(t)
				s.zotlo.Fail(tt.fault)
				return s, s.click(path,
					append(options, fresh(t, "ann"),
						func(r *request) { r.Host = "shop.example.com" })...)
			}
			s, res := click("/error")
			s.fails(res, tt.status)
			if got := res.Header.Get("X-Outcome"); got != tt.outcome {
				t.Errorf("outcome %q, want %q", got, tt.outcome)
			}
			if got := res.Header.Get("Retry-After") != ""; got != tt.retryAfter {
				t.Errorf("Retry-After %q", res.Header.Get("Retry-After"))
			}
			s, res = click("/url")
			s.redirects(res, "/pricing")
			s, res = click("/own?u=a%26b")
			s.redirects(res, "/campaign-fallback?from=%2Fown%3Fu%3Da%2526b&u=a%26b")
			s, res = click("/next")
			s.reachesNext(res)
			for _, loop := range []string{"/loop", "/host-loop"} {
				s, res = click(loop)
				s.fails(res, tt.status)
			}
			s, res = click("/url", wantJSON)
			s.fails(res, tt.status)
			body := s.body(res)
			if body["fallback"] != "http://shop.example.com/pricing" ||
				body["outcome"] != tt.outcome ||
				res.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("problem document %v", body)
			}
		})
	}
}

func TestJSONAnswers(t *testing.T) {
	s := openShop(t, plainShop)
	res := s.click("/upgrade", fresh(t, "ann"), wantJSON)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d, type %q", res.StatusCode, res.Header.Get("Content-Type"))
	}
	private(t, res)
	body := s.body(res)
	if _, ok := s.zotlo.Link(body["url"].(string)); !ok || body["campaign"] != "pro" {
		t.Errorf("body %v", body)
	}
	expires, err := time.Parse(time.RFC3339, body["expires_at"].(string))
	if err != nil || time.Until(expires) > time.Hour || time.Until(expires) < 59*time.Minute {
		t.Errorf("expires_at %v: %v", body["expires_at"], err)
	}
	anonymous := s.click("/upgrade?x=1", wantJSON)
	s.fails(anonymous, http.StatusUnauthorized)
	if body := s.body(anonymous); body["login"] != s.site.URL+"/login?next=%2Fupgrade%3Fx%3D1" {
		t.Errorf("problem document %v", body)
	}
}
