package caddymodule_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestClaimMatcherInACampaign(t *testing.T) {
	for _, tt := range []struct{ matchers, special, usual string }{
		{"checkout_claim plan free trial", `{"plan":"trial"}`, `{"plan":"pro"}`},
		{"checkout_claim custom:plan free", `{"custom:plan":"free"}`, `{"custom":{"plan":"free"}}`},
		{
			"checkout_claim https://shop.example.com/plan free",
			`{"https://shop.example.com/plan":"free"}`, `{"plan":"free"}`,
		},
		{"checkout_claim org.plan free", `{"org":{"plan":"free"}}`, `{"org.plan":"pro"}`},
		{"checkout_claim roles admin", `{"roles":["staff","admin"]}`, `{"roles":["staff"]}`},
		{"checkout_claim premium true", `{"premium":true}`, `{"premium":false}`},
		{"checkout_claim premium false", `{"premium":false}`, `{}`},
		{"checkout_claim level 10", `{"level":10.0}`, `{"level":100}`},
		{"checkout_claim plan \"free for all\"", `{"plan":"free for all"}`, `{"plan":"free"}`},
		{
			"checkout_claim plan free\ncheckout_claim premium true",
			`{"plan":"free","premium":true}`, `{"plan":"free"}`,
		},
		{
			"checkout_claim roles admin\ncheckout_claim roles staff",
			`{"roles":["staff","admin"]}`, `{"roles":["admin"]}`,
		},
		{"not checkout_claim plan pro", `{"plan":"free"}`, `{"plan":"pro"}`},
		{
			`expression checkout_claim({'custom:plan': ['free', 'trial'], 'premium': ['true']})`,
			`{"custom:plan":"trial","premium":true}`, `{"custom:plan":"free","premium":false}`,
		},
		{
			`expression checkout_claim({'plan': 'free'}) || checkout_claim({'roles': ['vip']})`,
			`{"roles":["vip"]}`, `{"plan":"pro"}`,
		},
		{
			`expression checkout_claim({'plan': [{query.plan}, 'free']})`,
			`{"plan":"free"}`, `{"plan":"pro"}`,
		},
	} {
		t.Run(tt.matchers, func(t *testing.T) {
			s := matchingShop(t, tt.matchers)
			s.chooses("special", tt.special)
			s.chooses("usual", tt.usual)
		})
	}
}

// identitiesShop has two identities, a page of each, and matchers before and behind our directives.
const identitiesShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		jwt staff {
			secret {env.JWT_SECRET}
			from cookie staff
		}
		campaign special {
			link_id 900
			match {
				checkout_claim role admin
			}
		}
		campaign usual {
			link_id 100
		}
	}
}

http:// {
	@free checkout_claim plan free
	redir @free /welcome

	route /staff {
		checkout_offer special usual {
			jwt staff
		}
		@admin checkout_claim role admin
		header @admin X-Admin yes
		@expression expression checkout_claim({'role': ['admin']})
		header @expression X-Expression yes
		header X-Campaign {http.checkout.campaign}
	}
}
`

// session and staff sign the request in under one of the two identities of identitiesShop.
func session(claims jwt.MapClaims) func(*request) { return as(claims) }

func staff(claims jwt.MapClaims) func(*request) {
	return func(r *request) { r.AddCookie(&http.Cookie{Name: "staff", Value: token(claims)}) }
}

func TestClaimMatcherBeforeOurDirectivesReadsTheDefaultIdentity(t *testing.T) {
	s := openShop(t, identitiesShop)
	free := jwt.MapClaims{"plan": "free"}
	if got := s.click("/page", session(free)).Header.Get("Location"); got != "/welcome" {
		t.Errorf("Location %q", got)
	}
	for name, option := range map[string]func(*request){
		"nobody":          func(*request) {},
		"another plan":    session(jwt.MapClaims{"plan": "pro"}),
		"an expired one":  session(jwt.MapClaims{"plan": "free", "exp": 1}),
		"a forged one":    header("Cookie", "session="+token(free)+"x"),
		"what is no JWT":  header("Cookie", "session=free"),
		"two tokens":      header("Cookie", "session="+token(free)+"; session=other"),
		"another cookie":  staff(free),
		"a query of that": header("X-Plan", "free"),
	} {
		res := s.click("/page", option)
		s.reachesNext(res)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}

func TestClaimMatcherReadsTheIdentityOfTheDirectiveThatRan(t *testing.T) {
	s := openShop(t, identitiesShop)
	admin, guest := jwt.MapClaims{"role": "admin"}, jwt.MapClaims{"role": "guest"}
	for _, tt := range []struct {
		name    string
		options []func(*request)
		admin   string
		chosen  string
	}{
		{"the directive's", []func(*request){staff(admin)}, "yes", "special"},
		{"not the default one", []func(*request){session(admin)}, "", "usual"},
		{"both", []func(*request){session(admin), staff(guest)}, "", "usual"},
		{"both the other way", []func(*request){session(guest), staff(admin)}, "yes", "special"},
	} {
		h := s.click("/staff", tt.options...).Header
		if h.Get("X-Admin") != tt.admin || h.Get("X-Expression") != tt.admin ||
			h.Get("X-Campaign") != tt.chosen {
			t.Errorf("%s: %v", tt.name, h)
		}
	}
}

// TestClaimMatcherWithoutAnyIdentityDoesNotLoad: nobody could ever match it.
func TestClaimMatcherWithoutAnyIdentityDoesNotLoad(t *testing.T) {
	t.Setenv("JWT_SECRET", jwtSecret)
	live, err := load(t, "http:// {\n@free checkout_claim plan free\nredir @free /welcome\n}\n")
	if live != nil {
		live.end()
	}
	if err == nil || !strings.Contains(err.Error(), "checkout_claim") ||
		!strings.Contains(err.Error(), "write a `jwt` block") {
		t.Errorf("%v", err)
	}
	// With a directive that has an identity of its own, it can be meant for what comes after it.
	_, err = load(t, `http:// {
	route {
		checkout_link /upgrade {
			link_id 1
			anonymous next
			jwt {
				secret {env.JWT_SECRET}
				from cookie session
			}
		}
		@free checkout_claim plan free
		redir @free /welcome
	}
}
`)
	if err == nil || !strings.Contains(err.Error(), "ZOTLO_ACCESS_KEY") {
		t.Errorf("%v, want only that the keys are missing", err)
	}
}

func TestClaimMatcherBeforeAnyIdentityIsToldOnce(t *testing.T) {
	srv := openServer(t, `{`+serverOptions+`
	checkout {
		api_url {$API}
		jwt staff {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign pro {
			link_id 1
		}
	}
}

http:// {`+serverSite+`
	@free checkout_claim plan free
	redir @free /welcome
	checkout_link /u pro {
		jwt staff
	}
}
`)
	for range 3 {
		res, _ := srv.click("/page", as(jwt.MapClaims{"plan": "free"}))
		if res.StatusCode != http.StatusOK {
			t.Errorf("%d", res.StatusCode)
		}
	}
	srv.warns(1, "checkout_claim was asked before any checkout directive ran", `"warn"`)
}

func TestClaimMatcherMistakes(t *testing.T) {
	t.Setenv("JWT_SECRET", jwtSecret)
	for matcher, want := range map[string]string{
		"checkout_claim":                    "write `checkout_claim <path> <value>...`",
		"checkout_claim plan":               "write `checkout_claim <path> <value>...`",
		"checkout_claim plan {query.plan}":  "query.plan",
		"checkout_claim {query.claim} free": "query.claim",
		"checkout_claim plan free {\nx\n}":  "block",
		"expression checkout_claim({})":     "names no claim",
	} {
		_, err := load(t, "{\ncheckout {\njwt {\nsecret {env.JWT_SECRET}\nfrom cookie session\n}\n"+
			"}\n}\nhttp:// {\n@m {\n"+matcher+"\n}\nredir @m /x\n}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", matcher, err, want)
		}
	}
}

func TestExplainSaysWhatAClaimMatcherRefuses(t *testing.T) {
	srv := openServer(t, serverWith("\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tmatch {\n"+
		"\t\t\t\tcheckout_claim custom:plan free\n\t\t\t}\n\t\t}", "checkout_link /u pro"))
	e := srv.explain(`{"claims":{"email":"ann@example.com","custom:plan":"free"}}`)
	if e.Campaign != "pro" {
		t.Errorf("%+v", e)
	}
	e = srv.explain(`{"claims":{"email":"ann@example.com","custom:plan":"pro"}}`)
	if e.Outcome != "no_campaign" || len(e.Rules) != 1 ||
		!strings.Contains(e.Rules[0].Detail, "checkout_claim") {
		t.Errorf("%+v", e)
	}
}

func TestListModulesNamesTheClaimMatcher(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", "list-modules") // #nosec G204 -- this very binary
	cmd.Env = append(cmd.Environ(), asCommand+"=1")
	text, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(text), "\nhttp.matchers.checkout_claim\n") {
		t.Errorf("%v", err)
	}
}
