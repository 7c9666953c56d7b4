package caddymodule_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// scriptShop has a route for each place that a click may lead to.
const scriptShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign plain {
			link_id 1
		}
		campaign paid {
			link_id 2
			after_payment /account
		}
	}
}

http:// {
	header >X-Outcome "{http.checkout.outcome}"
	checkout_link /upgrade plain {
		anonymous redirect /login?next={http.checkout.return_to}
		fallback /pricing
	}
	checkout_link /account-or-buy paid
	checkout_link /deny plain
	checkout_webhook /hooks/zotlo {
		token "` + hookToken + `"
	}
}
`

// clients are who clicks with a script: how they say so, and how they are sent elsewhere.
var clients = map[string]struct {
	asks   []func(*request)
	status int
	leads  string
}{
	"htmx": {
		[]func(*request){header("HX-Request", "true"), header("Accept", "*/*")},
		http.StatusOK, "HX-Redirect",
	},
	"htmx that prefers JSON": {
		[]func(*request){header("HX-Request", "true"), wantJSON},
		http.StatusOK, "HX-Redirect",
	},
	"htmx with a form": {
		[]func(*request){header("HX-Request", "true"), method("POST")},
		http.StatusOK, "HX-Redirect",
	},
	"Inertia": {
		[]func(*request){
			header("X-Inertia", "true"),
			header("Accept", "text/html, application/xhtml+xml"),
		},
		http.StatusConflict, "X-Inertia-Location",
	},
	"Inertia with a form": {
		[]func(*request){header("X-Inertia", "true"), method("POST")},
		http.StatusConflict, "X-Inertia-Location",
	},
}

// leads checks that the answer sends a script's client to a place, and says nothing else.
func (s *shop) leads(res *http.Response, status int, by string) (to string) {
	s.t.Helper()
	body, err := io.ReadAll(res.Body)
	if res.StatusCode != status || len(body) > 0 || err != nil ||
		res.Header.Get("Location") != "" {
		s.t.Fatalf("status %d, Location %q, body %q, %v", res.StatusCode,
			res.Header.Get("Location"), body, err)
	}
	private(s.t, res)
	return res.Header.Get(by)
}

// TestAScriptsClickIsSentElsewhereInItsOwnWay: a fetch may not follow a redirect to another origin,
// so the button would be dead while the metric says that a link was handed out.
func TestAScriptsClickIsSentElsewhereInItsOwnWay(t *testing.T) {
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, scriptShop)
			s.zotlo.SetWebhooks(hooksTo(s))
			click := func(path string, more ...func(*request)) string {
				t.Helper()
				return s.leads(s.click(path, append(more, c.asks...)...), c.status, c.leads)
			}
			ann := fresh(t, "ann")
			if _, ok := s.zotlo.Link(click("/upgrade", ann)); !ok {
				t.Error("no link")
			}
			if to := click("/upgrade?a=1"); to != "/login?next=%2Fupgrade%3Fa%3D1" {
				t.Errorf("an anonymous visitor is sent to %q", to)
			}
			s.zotlo.Fail(sandbox.BadRequest(400008))
			if to := click("/upgrade", fresh(t, "bob")); to != "/pricing" {
				t.Errorf("the fallback is %q", to)
			}
		})
	}
}

func TestAScriptsClickAfterAPayment(t *testing.T) {
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, scriptShop)
			s.zotlo.SetWebhooks(hooksTo(s))
			ann := fresh(t, "ann")
			link := s.click("/account-or-buy", ann).Header.Get("Location")
			if _, err := s.zotlo.Pay(link); err != nil {
				t.Fatal(err)
			}
			res := s.click("/account-or-buy", append(c.asks, ann)...)
			if to := s.leads(res, c.status, c.leads); to != "/account" {
				t.Errorf("somebody who has paid is sent to %q", to)
			}
		})
	}
}

// TestAScriptsErrorIsAnError: where there is no place to go to, a script gets what anybody gets.
func TestAScriptsErrorIsAnError(t *testing.T) {
	s := openShop(t, scriptShop)
	for _, who := range []string{"HX-Request", "X-Inertia"} {
		res := s.click("/deny", header(who, "true"))
		s.fails(res, http.StatusUnauthorized)
		if res.Header.Get("X-Error-Message") != "please sign in first" ||
			res.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: handle_errors got %q", who, res.Header.Get("X-Error-Message"))
		}
		res = s.click("/deny", header(who, "true"), wantJSON)
		s.fails(res, http.StatusUnauthorized)
		if s.body(res)["outcome"] != "anonymous" {
			t.Errorf("%s: no problem document", who)
		}
		for _, leads := range []string{"HX-Redirect", "X-Inertia-Location"} {
			if to := res.Header.Get(leads); to != "" {
				t.Errorf("%s leads to %q", leads, to)
			}
		}
	}
}

// TestTheShippedLogFilterKeepsAScriptsLinkOut runs a site with the filter of Caddyfile.example: the
// headers that take a script to a link are as secret as Location.
func TestTheShippedLogFilterKeepsAScriptsLinkOut(t *testing.T) {
	example, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	_, filter, ok := strings.Cut(string(example), "format filter {")
	filter, _, closed := strings.Cut(filter, "\n\t\t}")
	if !ok || !closed {
		t.Fatal("Caddyfile.example has no log filter")
	}
	o := openServer(t, "{"+serverOptions+`
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
	}
}

http:// {`+serverSite+`
	log {
		output file {$DIR}/site.json
		format filter {`+filter+`
		}
	}
	checkout_link /upgrade {
		link_id 1
	}
}
`)
	for who, leads := range map[string]string{
		"HX-Request": "HX-Redirect", "X-Inertia": "X-Inertia-Location", "Accept": "Location",
	} {
		res, _ := o.click("/upgrade", fresh(t, "ann"), header(who, "true"))
		link := res.Header.Get(leads)
		if _, ok := o.zotlo.Link(link); !ok {
			t.Fatalf("%s: %s is %q", who, leads, link)
		}
		line, err := os.ReadFile(filepath.Join(o.dir, "site.json"))
		if err != nil || !strings.Contains(string(line), `"checkout_outcome":"link"`) {
			t.Fatalf("%s: the log holds %s, %v", who, line, err)
		}
		if strings.Contains(string(line), link) {
			t.Errorf("%s: the log holds the link: %s", who, line)
		}
	}
}
