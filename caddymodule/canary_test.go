package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/sandbox"
)

// TestNoCanarySings sends a thousand shoppers every way there is, at DEBUG, and listens to
// everything an operator or an anonymous visitor gets to see: logs, metrics, events, admin answers,
// configuration, autosave and error answers.
func TestNoCanarySings(t *testing.T) {
	sungEvents = nil
	autosave := caddy.ConfigAutosavePath
	caddy.ConfigAutosavePath = filepath.Join(t.TempDir(), "autosave.json")
	defer func() { caddy.ConfigAutosavePath = autosave }()
	config := strings.Replace(canaryServer, "\tpersist_config off\n", "", 1)
	srv := openServerWith(t, config, map[string]string{
		"JWT_SECRET": canarySecret("jwt"), "HOOK_TOKEN": canarySecret("hook"),
		"REDIS_PASSWORD": canarySecret("redis"), "ZOTLO_ACCESS_KEY": canarySecret("access-key"),
		"ZOTLO_ACCESS_SECRET":   canarySecret("access-secret"),
		"ZOTLO_APPLICATION_KEY": canarySecret("application"),
	})
	w := witness{srv, t}
	saved, err := os.ReadFile(caddy.ConfigAutosavePath)
	if err != nil {
		t.Fatal(err)
	}
	w.silent("autosave.json", string(saved))

	w.sell()
	w.refuse()
	w.administer()
	w.breakTheAPI()
	w.breakTheCache(config)

	for _, path := range []string{"/metrics", "/config/", "/checkout/campaigns"} {
		res, body := srv.admin(http.MethodGet, path, "")
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", path, res.StatusCode)
		}
		w.silent(path, string(body))
	}
	_, report := srv.click("/report")
	w.silent("the report page", string(report))
	if !strings.Contains(string(report), "canary-priced") {
		t.Error("the report page shows no sale: this test listens to nothing")
	}
	w.silent("an event", sungEvents...)
	if len(sungEvents) == 0 || !strings.Contains(strings.Join(sungEvents, ""), "checkout.payment") {
		t.Error("no event was heard: this test listens to nothing")
	}
	log := srv.logged()
	for _, proof := range []string{
		"token refused", "no checkout link: refused", "no checkout link: unavailable",
		"no checkout link: bad_offer", "no checkout link: timeout", `"checkout_outcome":"link"`,
		`"level":"debug"`, "a payment differs", "cache failed",
	} {
		if !strings.Contains(log, proof) {
			t.Errorf("the log does not say %q: this test listens to nothing", proof)
		}
	}
	for line := range strings.Lines(log) {
		w.silent("the log", line)
	}
}

// sell walks the good ways: links made, cached, shared with nobody, paid and given back.
func (w witness) sell() {
	for i := range canaries {
		s := canary(i)
		link := w.click("/plain", signedIn(s.claims()))
		if again := w.click("/plain", signedIn(s.claims())); again != link || link == "" {
			w.t.Fatalf("shopper %d has the links %q and %q", i, link, again)
		}
		w.click("/plain", signedIn(jwt.MapClaims{"phone_number": s.phone, "given_name": s.name}),
			wantJSON)
		if i%20 == 0 {
			w.click("/page", signedIn(s.claims()))
			w.click("/guest", header("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i/20)))
			payment := w.pay(w.click("/priced", signedIn(s.claims("price", "9.99"))),
				sandbox.Charge("1.00", "USD"))
			if _, err := w.zotlo.Refund(payment.TransactionID); err != nil {
				w.t.Fatal(err)
			}
			w.pay(link)
			w.click("/plain", signedIn(s.claims()))
		}
	}
}

// refuse walks the ways of those who are turned away.
func (w witness) refuse() {
	for i := range canaries {
		s := canary(i)
		good := marked(s.claims(), canarySecret("jwt"))
		switch i % 10 {
		case 0:
			w.click("/plain", holding(good[:len(good)-2]+"AA"))
		case 1:
			w.click("/plain", holding(marked(s.claims(), canarySecret("forged"))))
		case 2:
			w.click("/plain", holding(good),
				holding(marked(s.claims("sub", "other"), canarySecret("jwt"))))
		case 3:
			claims := s.claims()
			claims["exp"] = 1
			w.click("/plain", signedIn(claims), wantJSON)
		case 4:
			w.click("/plain", header("Authorization", "Bearer "+good+"\x80"))
		case 5:
			w.click("/plain", signedIn(jwt.MapClaims{"sub": s.name, "given_name": s.name}))
		case 6:
			w.click("/priced", signedIn(s.claims("price", s.name)))
		case 7:
			w.click("/plain", signedIn(s.claims()), header("Sec-Purpose", "prefetch"), wantJSON)
		case 8:
			w.click("/plain", signedIn(s.claims()), method("BREW"))
		case 9:
			w.click("/guest", header("X-Forwarded-For", "192.0.2.1"))
		}
		w.click("/hooks?token="+canarySecret(fmt.Sprint("wrong", i)), method(http.MethodPost),
			withBody(`{"a":1}`))
		if i%10 == 0 {
			hook := "/hooks?token=" + canarySecret("hook")
			w.click(hook, method(http.MethodPost), withBody(s.email))
			w.click(hook, method(http.MethodPost),
				withBody(`{"queue":{"type":"`+s.email+`","requestID":"`+s.email+`"}}`))
			w.click("/hooks", method(http.MethodPost),
				withBody(`{"queue":{"type":"TransactionInsert"},`+
					`"parameters":{"profile":{"subscriberId":"`+s.phone+`"}}}`),
				header("X-Webhook-Token", canarySecret("hook")))
			w.click(hook, method(http.MethodPut), withBody("{}"))
		}
	}
}

// administer asks about shoppers, well and badly. What explain shows of the API request is what was
// asked; the rest is not.
func (w witness) administer() {
	ask := func(path, body string) string {
		_, answer := w.admin(http.MethodPost, path, body)
		return string(answer)
	}
	for i := range canaries {
		s := canary(i)
		purged := []string{s.email, s.phone}[i%2]
		w.silent("purge", ask("/checkout/purge", `{"subscriber":"`+purged+`"}`))
		if i%20 != 0 {
			continue
		}
		claims, _ := json.Marshal(s.claims("price", s.name))
		var e map[string]any
		answer := ask("/checkout/explain", `{"claims":`+string(claims)+
			`,"request":{"headers":{"Cookie":"session=`+marked(s.claims(), "x")+`"}}}`)
		if err := json.Unmarshal([]byte(answer), &e); err != nil {
			w.t.Fatal(err)
		}
		request, _ := json.Marshal(e["api_request"])
		delete(e, "api_request")
		rest, _ := json.Marshal(e)
		w.silent("explain", string(rest))
		for _, secret := range []string{
			"access-key", "access-secret", "application", "jwt", "hook",
		} {
			if bytes.Contains(request, []byte(canarySecret(secret))) {
				w.t.Errorf("explain shows the %s", secret)
			}
		}
		w.silent("a refused question",
			ask("/checkout/purge", `{"subscriber":"not `+s.email+`"}`),
			ask("/checkout/purge", `{"`+s.email+`":1}`),
			ask("/checkout/purge", `{"subscriber":`+s.phone[1:]+`}`),
			ask("/checkout/purge", s.email),
			ask("/checkout/explain", `{"claims":"`+marked(s.claims(), "x")+`"}`),
			ask("/checkout/explain", `{"claims":{"email":"a","Email":"`+s.email+`"}}`),
			ask("/checkout/explain", `{"campaigns":["`+s.email+`"]}`),
			ask("/checkout/explain", `{"jwt":"`+s.email+`"}`),
			ask("/checkout/explain", `{"variant":"`+s.email+`"}`),
			ask("/checkout/explain", `{"request":{"uri":"`+s.email+`","method":"`+s.name+`"}}`),
			ask("/checkout/explain", `{"request":{"client_ip":"`+s.email+`"}}`))
	}
}

// breakTheAPI lets the API fail in every way, and say private things while it does.
func (w witness) breakTheAPI() {
	w.zotlo.Fail(sandbox.Latency(time.Minute))
	w.click("/plain", signedIn(canary(canaries-1).claims("sub", "slow")),
		header("X-Forwarded-For", "198.51.102.1"))
	said := `{"meta":{"errorMessage":"` + canary(0).email + `","httpStatus":"400"},` +
		`"result":[],"link":"https://pay.sandbox.example/pay/1"}`
	jsonHeader := http.Header{"Content-Type": {"application/json"}}
	for i, fault := range []sandbox.Fault{
		sandbox.BadRequest(sandbox.CodeSubscriberID),
		sandbox.ErrorInside200(sandbox.CodeSubscriberID),
		sandbox.Custom(400, jsonHeader, said),
		sandbox.Custom(200, jsonHeader, said),
		sandbox.Custom(422, nil, said),
		sandbox.NotJSON(),
		sandbox.WrongLink("http://pay.sandbox.example/" + mark),
		sandbox.WrongLink("javascript:" + mark),
		sandbox.WrongLink("https://" + mark + "@pay.sandbox.example/"),
		sandbox.Redirect("https://" + mark + ".example/"),
		sandbox.Huge(80 << 10),
		sandbox.CutOff(),
		sandbox.Reset(),
		sandbox.Custom(500, jsonHeader, said),
		sandbox.ServerError(),
		sandbox.RateLimited(mark),
	} {
		w.zotlo.Fail(fault)
		for _, accept := range []string{"", "application/json"} {
			s := canary(canaries + 2*i + len(accept)%2)
			w.click("/plain", signedIn(s.claims()), header("Accept", accept))
		}
		w.click("/guest", header("X-Forwarded-For", fmt.Sprintf("198.51.101.%d", i)))
	}
	w.zotlo.Heal()
}

// breakTheCache goes on with a Redis that is not there.
func (w witness) breakTheCache(config string) {
	redis := "cache redis {\n\t\t\turl redis://:" + "{env.REDIS_PASSWORD}@" + refusing(w.t) + "/0"
	if err := w.reload(strings.Replace(config, "cache memory {\n\t\t\tttl 5m", redis,
		1)); err != nil {
		w.t.Fatal(err)
	}
	for i := range 20 {
		w.click("/plain", signedIn(canary(i).claims()))
		_, answer := w.admin(http.MethodPost, "/checkout/purge",
			`{"subscriber":"`+canary(i).email+`"}`)
		w.silent("a purge that failed", string(answer))
	}
}
