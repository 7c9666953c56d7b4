package caddymodule_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// readmeSite is the smallest site of the README, on a socket and with the stand-in as Zotlo, after
// edits: pairs of what is written there and what somebody writes instead.
func readmeSite(t *testing.T, edits ...string) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## The smallest site\n")
	_, site, _ := strings.Cut(section, "```caddyfile\n")
	site, _, found := strings.Cut(site, "```")
	if !found {
		t.Fatal("the README has no smallest site")
	}
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(site, edits[i]) {
			t.Fatalf("the README's site does not hold %q", edits[i])
		}
		site = strings.Replace(site, edits[i], edits[i+1], 1)
	}
	site = strings.Replace(site, "shop.example.com {", "http://shop.example.com {"+serverSite, 1)
	return "{" + serverOptions + "\tmetrics\n\tcheckout {\n\t\tapi_url {$API}\n\t}\n}\n\n" + site
}

// refusesToLoad is what the operator reads when the configuration does not load.
func refusesToLoad(t *testing.T, config string, sentences ...string) {
	t.Helper()
	srv := openServer(t, "{"+serverOptions+"}\n")
	err := srv.reload(config)
	if err == nil {
		t.Fatal("it loads")
	}
	for _, sentence := range sentences {
		if !strings.Contains(err.Error(), sentence) {
			t.Errorf("it says %v, not %q", err, sentence)
		}
	}
}

// The ten usual mistakes, each one edit away from the README's site. What names it stands in
// docs/troubleshooting.md.

func TestMistakeWrongCookieName(t *testing.T) {
	srv := openServer(t, readmeSite(t, "from cookie session", "from cookie sesion"))
	before := srv.scraped()
	srv.click("/upgrade", by("ann@example.com"))
	if n := srv.scraped().moved(before).total("caddy_checkout_token_refusals_total",
		"rule=no_cookie"); n != 1 {
		t.Errorf("no_cookie counts %v", n)
	}
	e := srv.explain(`{"request":{"uri":"/upgrade","headers":{"Cookie":"session=a.b.c"}}}`)
	if e.Outcome != "anonymous" ||
		e.Error != "no token in cookie sesion; the request has the cookies session" {
		t.Errorf("%+v", e)
	}
}

func TestMistakeWrongAudience(t *testing.T) {
	srv := openServer(t, readmeSite(t, "from cookie session", "audience shop\n\t\t\tfrom cookie session"))
	wrong := jwt.MapClaims{"email": "ann@example.com", "aud": "store"}
	srv.click("/upgrade", as(wrong))
	srv.warns(1, "token refused: its user is not signed in here", `"rule":"audience"`,
		`"expected":"shop"`, `"given":"store"`)
	e := srv.explain(`{"jwt":"` + token(wrong) + `","request":{"uri":"/upgrade"}}`)
	if e.Error != `token refused: audience (expected "shop", given "store")` {
		t.Errorf("%+v", e)
	}
}

func TestMistakeExpiredToken(t *testing.T) {
	srv := openServer(t, readmeSite(t))
	expired := jwt.MapClaims{"email": "ann@example.com", "exp": time.Now().Add(-time.Hour).Unix()}
	srv.click("/upgrade", as(expired))
	const sentence = "token refused: expired; its exp has passed by this machine's clock"
	srv.warns(1, sentence, `"rule":"expired"`)
	e := srv.explain(`{"jwt":"` + token(expired) + `","request":{"uri":"/upgrade"}}`)
	if e.Outcome != "bad_token" || e.Error != sentence {
		t.Errorf("%+v", e)
	}
}

func TestMistakeClockSkew(t *testing.T) {
	srv := openServer(t, readmeSite(t))
	ahead := jwt.MapClaims{"email": "ann@example.com", "iat": time.Now().Add(time.Minute).Unix()}
	srv.click("/upgrade", as(ahead))
	const sentence = "token refused: issued_at; it begins in the future by this machine's clock: " +
		"compare that with the signer's"
	srv.warns(1, sentence, `"rule":"issued_at"`)
	e := srv.explain(`{"jwt":"` + token(ahead) + `","request":{"uri":"/upgrade"}}`)
	if e.Outcome != "bad_token" || e.Error != sentence {
		t.Errorf("%+v", e)
	}
}

func TestMistakeWrongOrderOfDirectives(t *testing.T) {
	srv := openServer(t, readmeSite(t,
		"\tcheckout_link", "\troute {\n\treverse_proxy app:3000\n\tcheckout_link",
		"\treverse_proxy app:3000\n}", "\t}\n}"))
	e := srv.explain(`{"claims":{"email":"ann@example.com"},"request":{"uri":"/upgrade"}}`)
	if e.Outcome != "no_route" || e.Error != "no checkout directive gets this request: "+
		"reverse_proxy answers first; there are checkout_link /upgrade" {
		t.Errorf("%+v", e)
	}
}

func TestMistakeTypoOfACampaign(t *testing.T) {
	page := "\tcheckout_offer /pricing link-132 {\n\t\tjwt {\n\t\t\tsecret {env.JWT_SECRET}\n" +
		"\t\t\tfrom cookie session\n\t\t}\n\t}\n"
	refusesToLoad(t, readmeSite(t, "\treverse_proxy", page+"\treverse_proxy"),
		`campaign "link-132" is not defined`, "(defined so far: link-123)", "Caddyfile:")
}

func TestMistakeCommaInAPrice(t *testing.T) {
	refusesToLoad(t, readmeSite(t, "link_id 123", "link_id 123\n\t\tone_time_price 19,99 EUR"),
		"one_time_price", "must be a decimal number above zero", "such as 19.99", "Caddyfile:")
}

func TestMistakeUnsetVariable(t *testing.T) {
	refusesToLoad(t, readmeSite(t, "{env.JWT_SECRET}", "{env.JWT_SECERT}"), "{env.JWT_SECERT}",
		"set that environment variable or file, or name another")
	refusesToLoad(t, readmeSite(t, "link_id 123", "link_id {$UNSET_LINK_ID}"), "link_id takes one value",
		"an unset {$NAME} leaves nothing behind: set the variable, or write {env.NAME}", "Caddyfile:")
	refusesToLoad(t, readmeSite(t, "link_id 123", "link_id 123\n\t\tone_time_price {$UNSET_PRICE} EUR"),
		"one_time_price: the amount is missing", "an unset {$NAME} leaves nothing behind")
}

func TestMistakeWrongAddressOfTheAPI(t *testing.T) {
	srv := openServer(t, strings.Replace(readmeSite(t), "api_url {$API}", "api_url {$API}/v1", 1))
	res, _ := srv.click("/upgrade", fresh(t, "ann"))
	if res.Header.Get("Location") != "/pricing" {
		t.Errorf("the click was sent to %q", res.Header.Get("Location"))
	}
	srv.warns(1, "the API does not know this address: compare api_url with Zotlo's, or leave it out",
		`"level":"error"`)
}

func TestMistakeNoWebhook(t *testing.T) {
	config := readmeSite(t, "link_id 123", "link_id 123\n\t\tafter_payment /account")
	srv := openServer(t, config)
	const sentence = "after_payment does nothing: no checkout_webhook hears of payments"
	srv.warns(1, sentence, `"level":"warn"`)

	said := srv.validates(config)
	if strings.Count(said, sentence) != 1 {
		t.Errorf("validate does not say it once:\n%s", said)
	}
	heard := strings.Replace(config, "\treverse_proxy",
		"\tcheckout_webhook /hooks {\n\t\ttoken {env.HOOK_TOKEN}\n\t}\n\treverse_proxy", 1)
	if said := srv.validates(heard); strings.Contains(said, sentence) {
		t.Errorf("validate warns of a site with a webhook:\n%s", said)
	}
	// A load that fails half-way knows no webhook yet, and must not blame its absence.
	if err := srv.reload(strings.Replace(heard, "/site.sock", "/nowhere/site.sock", 1)); err == nil {
		t.Error("the broken configuration was loaded")
	}
	srv.warns(1, sentence)
}

// validates runs `caddy validate` as a process of its own, and returns what it prints.
func (srv *server) validates(config string) string {
	srv.t.Helper()
	file := filepath.Join(srv.dir, "Caddyfile")
	// The running server has its own log file open.
	log := filepath.Join(srv.t.TempDir(), "log.json")
	config = strings.Replace(config, "{$DIR}/log.json", log, 1)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		srv.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "validate", "--adapter", "caddyfile", "--config", file)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		srv.t.Fatalf("validate: %v\n%s", err, out)
	}
	logged, err := os.ReadFile(log)
	if err != nil {
		srv.t.Fatal(err)
	}
	return string(out) + string(logged)
}
