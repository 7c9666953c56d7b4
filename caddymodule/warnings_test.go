package caddymodule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// officeWith is an office whose one route offers the campaigns that the option defines.
func officeWith(option, directive string) string {
	return "{" + officeOptions + "\n\tcheckout {\n\t\tapi_url {$API}\n\t\tjwt {\n\t\t\tsecret " +
		"{env.JWT_SECRET}\n\t\t\tfrom cookie session\n\t\t}\n" +
		option + "\n\t}\n}\n\nhttp:// {" + officeSite + "\n\t" + directive + "\n}\n"
}

// logLines are the office's log lines that hold the text.
func (o *office) logLines(text string) []string {
	o.t.Helper()
	all, err := os.ReadFile(filepath.Join(o.dir, "log.json"))
	if err != nil {
		o.t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(all)) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// warns checks that exactly n log lines hold the first text, and each of them all the others.
func (o *office) warns(n int, text string, also ...string) {
	o.t.Helper()
	lines := o.logLines(text)
	if len(lines) != n {
		o.t.Fatalf("%d lines hold %q, want %d: %v", len(lines), text, n, lines)
	}
	for _, line := range lines {
		for _, part := range also {
			if !strings.Contains(line, part) {
				o.t.Errorf("%q is missing in %s", part, line)
			}
		}
	}
}

const proCampaign = "\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t}"

func TestWarningsAtLoad(t *testing.T) {
	for _, tt := range []struct {
		name, option, directive, text string
		also                          []string
	}{
		{"a literal secret", "\t\tproject other {\n\t\t\taccess_key key\n\t\t\taccess_secret " +
			"{env.ZOTLO_ACCESS_SECRET}\n\t\t\tapplication_key " +
			"{env.ZOTLO_APPLICATION_KEY}\n\t\t}\n" + proCampaign, "checkout_link /u pro", "stands in the configuration in clear", []string{`"warn"`, "access_key"}},
		{"a field nobody has documented",
			"\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\ttheme " +
				"dark\n\t\t}", "checkout_link /u pro", "not in Zotlo's published reference", []string{`"warn"`, "theme", `"campaign":"pro"`}},
		{"a placeholder that is not closed",
			"\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tpackage_name \"Hi " +
				"{http.checkout.claim.name\"\n\t\t\texperiment e {\n\t\t\t\tvariant a " +
				"100%\n\t\t\t}\n\t\t}", "checkout_link /u pro", "opens no placeholder", []string{`"warn"`, `"text":"Hi {http.checkout.claim.name"`, `"campaign":"pro"`}},
		{"after_payment that hears of no payment",
			"\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tafter_payment " +
				"/account\n\t\t}", "checkout_link /u pro", "after_payment does nothing", []string{`"warn"`, "checkout_webhook"}},
		{"only conditional campaigns",
			"\t\tcampaign a {\n\t\t\tlink_id 1\n\t\t\tuntil " +
				"2030-01-01T00:00:00Z\n\t\t}\n\t\tcampaign b {\n\t\t\tlink_id 1\n\t\t\tuntil " +
				"2031-01-01T00:00:00Z\n\t\t}", "checkout_link /u a b", "every campaign of a " +
				"route is conditional", []string{`"warn"`, "2031-01-01T00:00:00Z", `["a","b"]`}},
		{"campaigns of which one is off",
			"\t\tcampaign a {\n\t\t\tlink_id 1\n\t\t\tuntil " +
				"2030-01-01T00:00:00Z\n\t\t}\n\t\tcampaign b {\n\t\t\tlink_id " +
				"1\n\t\t\toff\n\t\t}", "checkout_link /u a b", "every campaign of a route is " +
				"conditional", []string{"2030-01-01T00:00:00Z"}},
		{"an offer beside its link",
			"\t\tcampaign a {\n\t\t\tlink_id 1\n\t\t\tuntil " +
				"2030-01-01T00:00:00Z\n\t\t}", "checkout_offer /u a\n\tcheckout_link /u " +
				"a", "every campaign of a route is conditional", nil},
		{"only campaigns with matchers",
			"\t\tcampaign a {\n\t\t\tlink_id 1\n\t\t\tmatch {\n\t\t\t\tpath " +
				"/u/x\n\t\t\t}\n\t\t}", "checkout_link /u* a", "every campaign of a route is " +
				"conditional", []string{`"warn"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			openOffice(t, officeWith(tt.option, tt.directive)).warns(1, tt.text, tt.also...)
		})
	}
	t.Run("nothing to warn of", func(t *testing.T) {
		o := openOffice(t, officeWith(proCampaign, "checkout_link /u pro"))
		if lines := o.logLines(`"logger":"checkout`); len(lines) != 0 {
			t.Errorf("the log says %v", lines)
		}
	})
}

func TestReloadThatMovesUsersSaysHowMany(t *testing.T) {
	split := func(control, cheaper string) string {
		return officeWith("\t\tcampaign sale {\n\t\t\tlink_id 1\n\t\t\texperiment sale-price "+
			"{\n\t\t\t\tvariant control "+control+"\n\t\t\t\tvariant cheaper "+cheaper+"\n\t\t\t}\n\t\t}", "checkout_link /u sale")
	}
	o := openOffice(t, split("50%", "50%"))
	for _, same := range []string{"50%", "50.00%"} {
		if err := o.reload(split(same, "50%")); err != nil {
			t.Fatal(err)
		}
	}
	o.warns(0, "moves users")
	if err := o.reload(split("60%", "40%")); err != nil {
		t.Fatal(err)
	}
	o.warns(1, "moves users", `"experiment":"sale-price"`, `"percent_of_users":10`)
}

func TestAddressesOfAProxyAreWarnedOfOnce(t *testing.T) {
	o := openOffice(t, strings.Replace(officeWith(proCampaign, "checkout_link /u pro"), "trusted_proxies_unix", "max_header_size 16KB", 1))
	for _, who := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		o.click("/u", by(who), header("X-Forwarded-For", "203.0.113.9"))
	}
	o.warns(1, "its peer is no trusted proxy", `"warn"`)
}

// TestPageThatOthersMayKeepIsWarnedOfOnce: the warning blames a deferred header, so nothing else
// may set it off.
func TestPageThatOthersMayKeepIsWarnedOfOnce(t *testing.T) {
	o := openOffice(t, officeWith(proCampaign, "checkout_offer pro\n\theader /early* "+
		"Cache-Control \"public, no-store\"\n\theader /never >Cache-Control \"public, "+
		"no-store\"\n\t"+
		"header /late >Cache-Control \"public, max-age=60\"\n\t@page path /early/page /never "+
		"/late\n\trespond @page \"page\""))
	for _, path := range []string{"/early/page", "/early/empty", "/never"} {
		res, _ := o.click(path, by("ann@example.com"))
		if got := res.Header.Get("Cache-Control"); path != "/never" && got != "no-store, private" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
	o.warns(0, "a personal page went out")
	for range 2 {
		o.click("/late", by("ann@example.com"))
	}
	o.warns(1, "a personal page went out", `"warn"`)
}

func TestBadCredentialsAreOneLogLine(t *testing.T) {
	o := openOffice(t, officeWith(proCampaign, "checkout_link /u pro"))
	o.zotlo.Fail(sandbox.BadCredentials())
	for _, who := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		o.click("/u", by(who))
	}
	o.warns(1, "refused our credentials", `"error"`, `"code":"401002"`)
	if calls := o.zotlo.Calls(); calls != 1 {
		t.Errorf("%d calls with bad credentials, want 1", calls)
	}
}

func TestFailureLineSaysWhyAndForWhomWithoutNames(t *testing.T) {
	o := openOffice(t, officeWith(proCampaign, "checkout_link /u pro {\n\t\tfallback "+
		"/pricing\n\t}"))
	o.zotlo.Fail(sandbox.BadRequest(400008))
	o.click("/u", by("secret.person@example.com"))
	o.warns(1, "no checkout link: refused", `"error"`, `"outcome":"refused"`, `"answer":"fallback"`,
		`"campaign":"pro"`, `"code":"400008"`, `"request_id":"SANDBOX-REQ-`, `"subscriber":"`)
	o.warns(0, "secret.person")
}

// The path was forgotten, so the login page itself is a checkout.
func TestLoginThatIsACheckoutIsTold(t *testing.T) {
	o := openOffice(t, officeWith(proCampaign, "checkout_link pro {\n\t\tanonymous redirect "+
		"/login\n\t}"))
	for range 2 {
		if res, _ := o.click("/login"); res.StatusCode != 401 {
			t.Errorf("%d", res.StatusCode)
		}
	}
	o.warns(1, "is answered by checkout_link itself", `"warn"`, `"path":"/login"`)
}
