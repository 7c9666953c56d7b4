package caddymodule_test

import (
	"strings"
	"testing"
)

func TestWarningsAtLoad(t *testing.T) {
	for _, tt := range []struct {
		name, option, directive, text string
		also                          []string
	}{
		{"a literal secret", "\t\tproject other {\n\t\t\taccess_key key\n\t\t\taccess_secret " +
			"{env.ZOTLO_ACCESS_SECRET}\n\t\t\tapplication_key " +
			"{env.ZOTLO_APPLICATION_KEY}\n\t\t}\n" + proCampaign, "checkout_link /u pro", "stands in the configuration in clear", []string{`"warn"`, "access_key"}},
		{
			"a field nobody has documented",
			"\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\ttheme " +
				"dark\n\t\t}", "checkout_link /u pro", "not in Zotlo's published reference",
			[]string{`"warn"`, "theme", `"campaign":"pro"`},
		},
		{
			"a placeholder that is not closed",
			"\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tpackage_name \"Hi " +
				"{http.checkout.claim.name\"\n\t\t\texperiment e {\n\t\t\t\tvariant a " +
				"100%\n\t\t\t}\n\t\t}", "checkout_link /u pro", "opens no placeholder",
			[]string{`"warn"`, `"text":"Hi {http.checkout.claim.name"`, `"campaign":"pro"`},
		},
		{
			"after_payment that hears of no payment",
			"\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t\tafter_payment " +
				"/account\n\t\t}", "checkout_link /u pro", "after_payment does nothing",
			[]string{`"warn"`, "checkout_webhook"},
		},
		{
			"only conditional campaigns",
			"\t\tcampaign a {\n\t\t\tlink_id 1\n\t\t\tuntil " +
				"2030-01-01T00:00:00Z\n\t\t}\n\t\tcampaign b {\n\t\t\tlink_id 1\n\t\t\tuntil " +
				"2031-01-01T00:00:00Z\n\t\t}", "checkout_link /u a b", "every campaign of a " +
				"route is conditional",
			[]string{`"warn"`, "2031-01-01T00:00:00Z", `["a","b"]`},
		},
		{
			"campaigns of which one is off",
			"\t\tcampaign a {\n\t\t\tlink_id 1\n\t\t\tuntil " +
				"2030-01-01T00:00:00Z\n\t\t}\n\t\tcampaign b {\n\t\t\tlink_id " +
				"1\n\t\t\toff\n\t\t}", "checkout_link /u a b", "every campaign of a route is " +
				"conditional",
			[]string{"2030-01-01T00:00:00Z"},
		},
		{
			"an offer beside its link",
			"\t\tcampaign a {\n\t\t\tlink_id 1\n\t\t\tuntil " +
				"2030-01-01T00:00:00Z\n\t\t}", "checkout_offer /u a\n\tcheckout_link /u " +
				"a", "every campaign of a route is conditional", nil,
		},
		{
			"only campaigns with matchers",
			"\t\tcampaign a {\n\t\t\tlink_id 1\n\t\t\tmatch {\n\t\t\t\tpath " +
				"/u/x\n\t\t\t}\n\t\t}", "checkout_link /u* a", "every campaign of a route is " +
				"conditional",
			[]string{`"warn"`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			openServer(t, serverWith(tt.option, tt.directive)).warns(1, tt.text, tt.also...)
		})
	}
	t.Run("nothing to warn of", func(t *testing.T) {
		srv := openServer(t, serverWith(proCampaign, "checkout_link /u pro"))
		if lines := srv.logLines(`"logger":"checkout`); len(lines) != 0 {
			t.Errorf("the log says %v", lines)
		}
	})
}

func TestAddressesOfAProxyAreWarnedOfOnce(t *testing.T) {
	srv := openServer(t, strings.Replace(serverWith(proCampaign, "checkout_link /u pro"), "trusted_proxies_unix", "max_header_size 16KB", 1))
	for _, who := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		srv.click("/u", by(who), header("X-Forwarded-For", "203.0.113.9"))
	}
	srv.warns(1, "its peer is no trusted proxy", `"warn"`)
}

// The path was forgotten, so the login page itself is a checkout.
func TestLoginThatIsACheckoutIsTold(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, "checkout_link pro {\n\t\tanonymous redirect "+
		"/login\n\t}"))
	for range 2 {
		if res, _ := srv.click("/login"); res.StatusCode != 401 {
			t.Errorf("%d", res.StatusCode)
		}
	}
	srv.warns(1, "is answered by checkout_link itself", `"warn"`, `"path":"/login"`)
}
