package caddymodule_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/sandbox"
)

// Every private thing of these tests carries one of two marks, so that a piece of it is found
// wherever it turns up.
const (
	mark      = "kanarie"
	phoneMark = "9990001"
)

// canaries is how many shoppers walk each way.
const canaries = 1000

// canaryOffice has a way for everything that can happen to a shopper.
const canaryOffice = `{` + officeOptions + `
	metrics
	events {
		on * canary
	}
	checkout {
		api_url {$API}
		access_key {env.ZOTLO_ACCESS_KEY}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
			from header Authorization
			trusted_claims price
		}
		limits {
			timeout 2s
			per_ip 2/1m
		}
		cache memory {
			ttl 5m
		}
		campaign canary-plain {
			link_id 1
			package_name "Pro for {http.checkout.claim.given_name}"
			custom_parameter email {http.checkout.claim.email}
			mmp device {http.checkout.claim.device}
			after_payment /account
		}
		campaign canary-priced {
			link_id 2
			one_time_price {http.checkout.claim.price} EUR 1 100
		}
	}
}

http:// {` + officeSite + `
	log {
		output file {$DIR}/log.json
		format filter {
			resp_headers>Location delete
			request>headers>X-Webhook-Token delete
			request>uri query {
				replace token REDACTED
			}
		}
	}
	checkout_offer /page canary-plain
	checkout_link /plain canary-plain
	checkout_link /guest canary-plain {
		anonymous guest
	}
	checkout_link /priced canary-priced {
		fallback /plans
	}
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
	handle_errors {
		respond "{err.status_code} {err.message}"
	}
}
`

// shopper is one canary.
type shopper struct{ email, phone, name string }

func canary(n int) shopper {
	return shopper{fmt.Sprintf("%s%04d@%s.example", mark, n, mark),
		fmt.Sprintf("+%s%04d", phoneMark, n), fmt.Sprintf("%s the %dth", mark, n)}
}

func (s shopper) claims(more ...string) jwt.MapClaims {
	claims := jwt.MapClaims{"sub": s.email, "email": s.email, "given_name": s.name,
		"device": mark + "-device", "iss": "https://" + mark + ".example"}
	for i := 0; i+1 < len(more); i += 2 {
		claims[more[i]] = more[i+1]
	}
	return claims
}

// canarySecret is the value of a secret.
func canarySecret(what string) string {
	return mark + "-" + what + "-0123456789abcdef0123456789abcdef"
}

// marked signs claims; the token's header carries the mark, too.
func marked(claims jwt.MapClaims, secret string) string {
	if claims["exp"] == nil {
		claims["exp"] = 4e9 / 2
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	t.Header["kid"] = mark
	text, err := t.SignedString([]byte(secret))
	if err != nil {
		panic(err)
	}
	return text
}

// holding is a request that carries a token.
func holding(token string) func(*request) {
	return func(r *request) { r.AddCookie(&http.Cookie{Name: "session", Value: token}) }
}

func signedIn(claims jwt.MapClaims) func(*request) {
	return holding(marked(claims, canarySecret("jwt")))
}

// witness collects what the outside gets to see, and says where a canary sang.
type witness struct {
	*office
	t *testing.T
}

// click sends a shopper and returns his link. Only that, in Location or in the JSON answer, is his
// to see.
func (w witness) click(path string, options ...func(*request)) string {
	w.t.Helper()
	res, body := w.office.click(path, options...)
	link := res.Header.Get("Location")
	if res.StatusCode == http.StatusSeeOther {
		res.Header.Del("Location")
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		w.silent("the answer to "+path, fmt.Sprint(res.Header), string(body))
	}
	return link
}

// silent checks that no canary is in the texts, as it is or encoded.
func (w witness) silent(where string, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		for form, needle := range canaryForms {
			if at := strings.Index(strings.ToLower(text), needle); at >= 0 {
				w.t.Errorf("%s holds a canary (%s): …%s…", where, form,
					text[max(0, at-300):min(len(text), at+200)])
				return
			}
		}
		for i, needle := range canaryBase64 {
			if at := strings.Index(text, needle); at >= 0 {
				w.t.Errorf("%s holds a canary (base64 %d): …%s…", where, i,
					text[max(0, at-300):min(len(text), at+200)])
				return
			}
		}
	}
}

var canaryForms = map[string]string{
	"text": mark, "phone": phoneMark, "hex": hex.EncodeToString([]byte(mark)), "link": "pay.sandbox.example", "escaped link": url.QueryEscape("pay.sandbox.example/pay"),
}

// canaryBase64 is the mark in base64 at its three alignments, without the characters that its
// neighbours change.
var canaryBase64 = [3]string{
	base64.RawStdEncoding.EncodeToString([]byte(mark))[:9],
	base64.RawStdEncoding.EncodeToString([]byte("x" + mark))[2:10],
	base64.RawStdEncoding.EncodeToString([]byte("xx" + mark))[3:12],
}

// canaryEvents keeps every event of Caddy's.
type canaryEvents struct{}

var sungEvents []string

func init() { caddy.RegisterModule(canaryEvents{}) }

func (canaryEvents) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.canary",
		New: func() caddy.Module { return new(canaryEvents) }}
}

func (*canaryEvents) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (*canaryEvents) Handle(_ context.Context, e caddy.Event) error {
	text, err := json.Marshal(e.CloudEvent())
	sungEvents = append(sungEvents, string(text))
	return err
}

// TestNoCanarySings sends a thousand shoppers every way there is, at DEBUG, and listens to
// everything an operator or a stranger gets to see: logs, metrics, events, admin answers,
// configuration, autosave and error answers.
func TestNoCanarySings(t *testing.T) {
	sungEvents = nil
	autosave := caddy.ConfigAutosavePath
	caddy.ConfigAutosavePath = filepath.Join(t.TempDir(), "autosave.json")
	defer func() { caddy.ConfigAutosavePath = autosave }()
	config := strings.Replace(canaryOffice, "\tpersist_config off\n", "", 1)
	o := openOfficeWith(t, config, map[string]string{
		"JWT_SECRET": canarySecret("jwt"), "HOOK_TOKEN": canarySecret("hook"), "REDIS_PASSWORD": canarySecret("redis"),
		"ZOTLO_ACCESS_KEY": canarySecret("access-key"), "ZOTLO_ACCESS_SECRET": canarySecret("access-secret"), "ZOTLO_APPLICATION_KEY": canarySecret("application"),
	})
	w := witness{o, t}
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
		res, body := o.admin(http.MethodGet, path, "")
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", path, res.StatusCode)
		}
		w.silent(path, string(body))
	}
	w.silent("an event", sungEvents...)
	if len(sungEvents) == 0 || !strings.Contains(strings.Join(sungEvents, ""), "checkout.payment") {
		t.Error("no event was heard: this test listens to nothing")
	}
	log := o.logged()
	for _, proof := range []string{"token refused", "no checkout link: refused",
		"no checkout link: unavailable", "no checkout link: bad_offer", "no checkout link: timeout", `"checkout_outcome":"link"`, `"level":"debug"`, "a payment differs", "cache failed"} {
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

// refuse walks the ways of whoever is turned away.
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
				withBody(`{"queue":{"type":"TransactionInsert"},"parameters":{"profile":{"subscriberId":"`+s.phone+`"}}}`), header("X-Webhook-Token", canarySecret("hook")))
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
		w.silent("purge", ask("/checkout/purge", `{"subscriber":"`+[]string{s.email, s.phone}[i%2]+`"}`))
		if i%20 != 0 {
			continue
		}
		claims, _ := json.Marshal(s.claims("price", s.name))
		var e map[string]any
		if err := json.Unmarshal([]byte(ask("/checkout/explain",
			`{"claims":`+string(claims)+`,"request":{"headers":{"Cookie":"session=`+marked(s.claims(), "x")+`"}}}`)), &e); err != nil {
			w.t.Fatal(err)
		}
		request, _ := json.Marshal(e["api_request"])
		delete(e, "api_request")
		rest, _ := json.Marshal(e)
		w.silent("explain", string(rest))
		for _, secret := range []string{"access-key", "access-secret", "application", "jwt",
			"hook"} {
			if bytes.Contains(request, []byte(canarySecret(secret))) {
				w.t.Errorf("explain shows the %s", secret)
			}
		}
		w.silent("a refused question",
			ask("/checkout/purge", `{"subscriber":"not `+s.email+`"}`), ask("/checkout/purge",
				`{"`+s.email+`":1}`), ask("/checkout/purge", `{"subscriber":`+s.phone[1:]+`}`),
			ask("/checkout/purge", s.email), ask("/checkout/explain",
				`{"claims":"`+marked(s.claims(),
					"x")+`"}`), ask("/checkout/explain", `{"claims":{"email":"a","Email":"`+s.email+`"}}`),
			ask("/checkout/explain", `{"campaigns":["`+s.email+`"]}`), ask("/checkout/explain",
				`{"jwt":"`+s.email+`"}`), ask("/checkout/explain", `{"variant":"`+s.email+`"}`),
			ask("/checkout/explain",
				`{"request":{"uri":"`+s.email+`","method":"`+s.name+`"}}`), ask("/checkout/explain", `{"request":{"client_ip":"`+s.email+`"}}`))
	}
}

// breakTheAPI lets the API fail in every way, and say private things while it does.
func (w witness) breakTheAPI() {
	w.zotlo.Fail(sandbox.Latency(time.Minute))
	w.click("/plain", signedIn(canary(canaries-1).claims("sub", "slow")),
		header("X-Forwarded-For", "198.51.102.1"))
	said := `{"meta":{"errorMessage":"` + canary(0).email + `","httpStatus":"400"},"result":[],"link":"https://pay.sandbox.example/pay/1"}`
	jsonHeader := http.Header{"Content-Type": {"application/json"}}
	for i, fault := range []sandbox.Fault{
		sandbox.BadRequest(sandbox.CodeSubscriberID), sandbox.ErrorInside200(sandbox.CodeSubscriberID), sandbox.Custom(400, jsonHeader, said), sandbox.Custom(200, jsonHeader, said), sandbox.Custom(422, nil, said),
		sandbox.NotJSON(), sandbox.WrongLink("http://pay.sandbox.example/" + mark), sandbox.WrongLink("javascript:" + mark), sandbox.WrongLink("https://" + mark + "@pay.sandbox.example/"), sandbox.Redirect("https://" + mark + ".example/"), sandbox.Huge(80 << 10),
		sandbox.CutOff(), sandbox.Reset(), sandbox.Custom(500, jsonHeader,
			said), sandbox.ServerError(), sandbox.RateLimited(mark),
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
