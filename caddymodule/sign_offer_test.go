package caddymodule_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// claimsOf reads a token's claims, whoever signed it.
func claimsOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// The way of an offer from support: it is minted in a terminal, explained, opened, revoked.
func TestOfferFromATerminal(t *testing.T) {
	srv := offerServer(t)
	r := srv.checkout("", "sign", "--campaign", "support", "--for", "7d", "--value", "price=4.90",
		"--subscriber", "ann@example.com", "--once", srv.address())
	r.succeeds(t)
	token := strings.TrimSuffix(r.stdout, "\n")
	if strings.ContainsAny(token, " \n") || r.stderr != "" && strings.Contains(r.stderr, token) {
		t.Errorf("it prints %q and %q", r.stdout, r.stderr)
	}
	jti, _ := claimsOf(t, token)["jti"].(string)
	if jti == "" {
		t.Fatal("the offer has no id")
	}
	uri := "/in?offer=" + url.QueryEscape(token)
	question := `{"claims":{"email":"ann@example.com"},"request":{"uri":"` + uri + `"}}`
	why := srv.explain(question)
	if why.Outcome != "link" || why.Campaign != "support" || len(why.Rules) != 1 ||
		why.Rules[0].Detail != "by the signed offer" || why.APIRequest.Body["customPrice"] != "4.90" {
		t.Errorf("explained as %+v", why)
	}
	facts := strings.Join(why.Facts, "; ")
	if !strings.HasPrefix(facts, "offer: chooses campaign support until ") ||
		!strings.HasSuffix(facts, ", for one subscriber, for one payment; offer: not spent") {
		t.Errorf("facts %q", facts)
	}
	ben := srv.explain(strings.Replace(question, "ann@", "ben@", 1))
	if ben.Outcome != "bad_offer_token" || ben.Error != "offer refused: subscriber" || ben.Location != "/support" {
		t.Errorf("explained to Ben as %q, %q, %q", ben.Outcome, ben.Error, ben.Location)
	}
	res, _ := srv.click(uri, by("ann@example.com"))
	if _, ok := srv.zotlo.Link(res.Header.Get("Location")); !ok {
		t.Errorf("the click leads to %d %s", res.StatusCode, res.Header.Get("Location"))
	}

	r = srv.checkout("", "purge", "--offer", jti, srv.address())
	r.succeeds(t, "Offer "+jti+" is revoked")
	res, _ = srv.click(uri, by("ann@example.com"))
	if res.Header.Get("Location") != "/support" || res.Header.Get("X-Outcome") != "bad_offer_token" {
		t.Errorf("a revoked offer leads to %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	if got := srv.explain(question); got.Outcome != "bad_offer_token" || got.Error != "offer refused: revoked" {
		t.Errorf("explained as %q, %q", got.Outcome, got.Error)
	}
}

// What was signed, spent and revoked is nowhere in the log, at any level.
func TestOfferIsNotLogged(t *testing.T) {
	srv := offerServer(t)
	token := offer(t, jwt.MapClaims{"campaign": "mailing", "jti": "the-id-of-the-offer", "sub": "ann@example.com"})
	uri := "?offer=" + url.QueryEscape(token)
	res, _ := srv.click("/in"+uri, by("ann@example.com"))
	srv.pay(res.Header.Get("Location"))
	for _, click := range []struct {
		path string
		who  []func(*request)
	}{
		{"/in", []func(*request){by("ann@example.com")}},
		{"/in", []func(*request){by("ben@example.com")}},
		{"/page", []func(*request){by("ann@example.com")}},
		{"/login", nil},
		{"/go", nil},
	} {
		res, _ := srv.click(click.path+uri, click.who...)
		if to := res.Header.Get("Location"); strings.HasPrefix(to, "/sign-in") {
			srv.click(to) // the login's own line has the way back
		}
	}
	srv.click("/in?offer="+token[:len(token)-3], by("ann@example.com"))
	srv.click("/in?offer=" + offerUnder(t, jwtSecret, "offer+jwt", jwt.MapClaims{"campaign": "mailing"}))
	srv.warns(2, "signed offer refused", `"rule":"`) // by another subscriber; cut or of another key
	srv.warns(0, "no checkout link")
	log := srv.logged()
	if !strings.Contains(log, "offer=REDACTED") || !strings.Contains(log, "next=REDACTED") {
		t.Error("no line of the access log has the addresses, so this test sees nothing")
	}
	for _, secret := range []string{
		token, token[:40], token[len(token)-20:], "the-id-of-the-offer", "ann@example.com",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("%s stands in the log", secret)
		}
	}
	text, err := os.ReadFile(filepath.Join(srv.dir, "caddy", "checkout", "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "the-id-of-the-offer") {
		t.Error("the id of the offer stands in the ledger")
	}
}

// Mistakes of the question are named, and nothing of it is quoted.
func TestSignMistakes(t *testing.T) {
	srv := offerServer(t)
	longValue := `{"campaign":"support","for":"1h","values":{"a":"` + strings.Repeat("x", 257) + `"}}`
	for question, want := range map[string]string{
		`{}`: "is not defined",

		`{"campaign":"gone","for":"1h"}`: `"gone" is not defined`,

		`{"campaign":"support"}`: "for: write how long the offer is good",

		`{"campaign":"support","for":"-1h"}`: "for: write how long the offer is good",

		`{"campaign":"support","for":"soon"}`: "for: write how long the offer is good",

		`{"campaign":"support","for":"11d"}`: "nobody could use this offer: offer refused: max_life; " +
			"it ends too far ahead: write a shorter time, or a longer max_age in offers",

		`{"campaign":"support","for":"1h","values":{"price":4.9}}`: "a member of the wrong type",

		`{"campaign":"support","for":"1h","values":{"Price":"4.9"}}`: "values: a name is 1 to 64",

		`{"campaign":"support","for":"1h","subscriber":"s3cret"}`: "it is no e-mail address",

		`{"campaign":"support","for":"1h","jti":"a"}`: "unknown member",

		longValue: "more than 256 characters",
	} {
		res, body := srv.admin(http.MethodPost, "/checkout/sign", question)
		if res.StatusCode < 400 || !strings.Contains(strings.ReplaceAll(string(body), `\"`, `"`), want) ||
			strings.Contains(string(body), "s3cret") {
			t.Errorf("%s: %d %s, want %q", question, res.StatusCode, body, want)
		}
	}
	for question, want := range map[string]string{
		`{"offer":"a","subscriber":"ann@example.com"}`: "exclude each other",
		`{"offer":"a","everything":true}`:              "exclude each other",
		`{"offer":1}`:                                  "a member of the wrong type",
	} {
		res, body := srv.admin(http.MethodPost, "/checkout/purge", question)
		if res.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s, want %q", question, res.StatusCode, body, want)
		}
	}
	for args, want := range map[string]string{
		"sign":                    "sign takes --campaign and --for",
		"sign --campaign support": "sign takes --campaign and --for",
		"sign --campaign support --for 1h --value price":           "each name once",
		"sign --campaign support --for 1h --value a=1 --value a=2": "each name once",
		"purge --offer a ann@example.com":                          "--offer revokes an offer",
		"purge --offer a --everything":                             "--offer revokes an offer",
	} {
		r := srv.checkout("", append(strings.Fields(args), srv.address())...)
		if r.code != 2 || !strings.Contains(r.stderr, want) || r.stdout != "" {
			t.Errorf("%s: exit code %d, %q %q, want %q", args, r.code, r.stdout, r.stderr, want)
		}
	}
	// A value may hold an = itself, and --json is what the API answers.
	r := srv.checkout("", "sign", "--campaign", "winback", "--for", "1h", "--value", "name=a=b", "--json",
		srv.address())
	r.succeeds(t)
	var signed struct{ Token string }
	if err := json.Unmarshal([]byte(r.stdout), &signed); err != nil {
		t.Fatal(err)
	}
	if got := claimsOf(t, signed.Token)["values"].(map[string]any)["name"]; got != "a=b" {
		t.Errorf("the value is %q", got)
	}
	// Without keys of ours there is nothing to sign with.
	pem := filepath.Join(srv.dir, "offers.pem")
	if err := os.WriteFile(pem, []byte(offersPEM), 0o600); err != nil {
		t.Fatal(err)
	}
	config := "{" + serverOptions + offersWith(offersSite, "", serverSite)
	keys := "secret base64:{env.OFFER_SECRET_OLD}\n\t\t\tsecret {env.OFFER_SECRET}"
	if err := srv.reload(strings.Replace(config, keys, "public_key "+pem, 1)); err != nil {
		t.Fatal(err)
	}
	res, body := srv.admin(http.MethodPost, "/checkout/sign", `{"campaign":"support","for":"1h"}`)
	if res.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "the private key is not here") {
		t.Errorf("with a public key: %d %s", res.StatusCode, body)
	}
	if err := srv.reload(serverWith(proCampaign, "checkout_link /pro pro")); err != nil {
		t.Fatal(err)
	}
	res, body = srv.admin(http.MethodPost, "/checkout/sign", `{"campaign":"pro","for":"1h"}`)
	if res.StatusCode != http.StatusNotFound || !strings.Contains(string(body), "nothing verifies signed offers") {
		t.Errorf("without offers: %d %s", res.StatusCode, body)
	}
}

// offersPEM is a public key of nobody: what is signed with its private half is not tested here.
const offersPEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`

// The operator is told why an offer would be refused, at another instant as well.
func TestExplainReadsTheOffer(t *testing.T) {
	srv := offerServer(t)
	ask := func(token, more string) explained {
		t.Helper()
		return srv.explain(`{"claims":{"email":"ann@example.com"},"request":{"uri":"/in?offer=` +
			url.QueryEscape(token) + `"}` + more + `}`)
	}
	good := offer(t, jwt.MapClaims{"campaign": "mailing"})
	for name, test := range map[string]struct{ token, more, outcome, error string }{
		"good":        {good, "", "link", ""},
		"later":       {good, `,"at":"2090-01-01T00:00:00Z"`, "bad_offer_token", "offer refused: expired"},
		"none":        {"", "", "link", ""},
		"a session":   {token(jwt.MapClaims{"campaign": "mailing"}), "", "bad_offer_token", "offer refused: typ"},
		"of the typ":  {offerUnder(t, offerSecret, "JWT", jwt.MapClaims{"campaign": "mailing"}), "", "bad_offer_token", "offer refused: typ"},
		"over":        {offer(t, jwt.MapClaims{"campaign": "over"}), "", "bad_offer_token", "offer refused: over"},
		"early":       {offer(t, jwt.MapClaims{"campaign": "early"}), "", "bad_offer_token", "offer refused: scheduled"},
		"not defined": {offer(t, jwt.MapClaims{"campaign": "gone"}), "", "bad_offer_token", "offer refused: campaign"},
	} {
		got := ask(test.token, test.more)
		if got.Outcome != test.outcome || got.Error != test.error {
			t.Errorf("%s: %q, %q, want %q, %q", name, got.Outcome, got.Error, test.outcome, test.error)
		}
	}
	if got := strings.Join(ask("", "").Facts, " "); got != "offer: none in query offer" {
		t.Errorf("without an offer: %q", got)
	}
	// The page, and a question that chooses the campaigns itself.
	page := srv.explain(`{"request":{"uri":"/page?offer=` + good + `"}}`)
	if page.Campaign != "mailing" {
		t.Errorf("the page: %+v", page)
	}
	chosen := srv.explain(`{"campaigns":["listed"],"claims":{"email":"ann@example.com"},"request":{"uri":"/in?offer=` + good + `"}}`)
	if chosen.Campaign != "listed" {
		t.Errorf("a question with campaigns: %+v", chosen)
	}
	// What stops a guest is the offer, and not that they are one.
	dear := offer(t, jwt.MapClaims{"campaign": "support", "values": map[string]any{"price": "499"}})
	guest := srv.explain(`{"request":{"uri":"/go?offer=` + dear + `"}}`)
	if guest.Outcome != "bad_offer" || !strings.Contains(guest.Error, "is not between 1.00 and 99.00") {
		t.Errorf("a guest: %q, %q", guest.Outcome, guest.Error)
	}
	// Nothing was counted or asked.
	if srv.zotlo.Calls() != 0 {
		t.Error("the API was asked")
	}
	srv.warns(0, "signed offer refused")
	// Spent offers are explained as they are answered.
	once := offer(t, jwt.MapClaims{"campaign": "mailing", "jti": t.Name()})
	res, _ := srv.click("/in?offer="+once, by("ann@example.com"))
	srv.pay(res.Header.Get("Location"))
	spent := ask(once, "")
	if spent.Outcome != "offer_spent" || !strings.Contains(strings.Join(spent.Facts, ";"), "offer: spent by a payment") {
		t.Errorf("a spent offer: %q, %q", spent.Outcome, spent.Facts)
	}
}
