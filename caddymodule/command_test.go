package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestCommandListsCampaigns(t *testing.T) {
	srv := openServer(t, saleServer)
	list := srv.checkout("", "campaigns", srv.address())
	list.succeeds(t, "CAMPAIGN  STATE", "a-past    ended", "2020-01-01T00:00:00Z", "EXPERIMENT",
		"c-price     cheaper  5000 to 8999  40%")
	var answer struct{ Campaigns []struct{ Name string } }
	asJSON := srv.checkout("", "campaigns", srv.address(), "--json")
	asJSON.succeeds(t)
	if err := json.Unmarshal([]byte(asJSON.stdout), &answer); err != nil ||
		len(answer.Campaigns) != 4 {
		t.Errorf("%v in %s", err, asJSON.stdout)
	}
}

func TestCommandExplains(t *testing.T) {
	srv := openServer(t, saleServer)
	srv.checkout("", "explain", srv.address(), "--claims", annsClaims, "--uri", "/upgrade?x=1",
		"--client-ip", shopperIP, "--header", "Accept-Language: de").succeeds(t,
		"Outcome:     link\n", "Campaign:    c-sale\n", "bucket ", "Language:    tr\n",
		"Client IP:   203.0.113.7\n", "email: taken as email", "b-free    no match",
		"POST "+srv.api.URL, "AccessSecret: (hidden)", `"subscriberId": "ann@example.com"`)
	srv.checkout(annsClaims, "explain", srv.address(), "--claims", "-", "--campaign", "d-rest",
		"--campaign", "c-sale").succeeds(t,
		"Campaign:    d-rest\n", "c-sale    not reached")
	forced := srv.checkout("", "explain", srv.address(), "--campaign", "c-sale",
		"--variant", "cheaper", "--json")
	forced.succeeds(t)
	var e explained
	if err := json.Unmarshal([]byte(forced.stdout), &e); err != nil || e.Variant != "cheaper" {
		t.Errorf("variant %q, %v", e.Variant, err)
	}
	if calls := srv.zotlo.Calls(); calls != 0 {
		t.Errorf("explaining made %d API calls", calls)
	}
}

func TestCommandPurges(t *testing.T) {
	srv := openServer(t, saleServer)
	link := func() string {
		res, _ := srv.click("/upgrade", by("ann@example.com"))
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("the click got %d", res.StatusCode)
		}
		return res.Header.Get("Location")
	}
	first := link()
	typed := srv.checkout("", "purge", "ann@example.com", srv.address())
	typed.succeeds(t, "is dead")
	second := link()
	piped := srv.checkout("ann@example.com\n", "purge", "-", srv.address())
	piped.succeeds(t, "is dead")
	if first == second || second == link() {
		t.Error("a purged link was given out")
	}
	if typed.stdout != piped.stdout {
		t.Errorf("typed: %s, piped: %s", typed.stdout, piped.stdout)
	}
	if strings.Contains(typed.stdout+typed.stderr+piped.stdout, "ann@example.com") {
		t.Error("purge repeats the address")
	}
}

func TestCommandFailsWithASentenceAndACode(t *testing.T) {
	srv := openServer(t, saleServer)
	for _, row := range []struct {
		args string
		code int
		says string
	}{
		{"nonsense", 2, "campaigns, experiments, partners, explain, sign, purge, reconcile and ledger"},
		{"campaigns extra", 2, "no argument"},
		{"campaigns --nonsense", 2, "unknown flag"},
		{"experiments one two", 2, "the key of one experiment, or none"},
		{"experiments nope", 1, "no experiment has the key"},
		{"explain extra", 2, "no argument"},
		{"explain --claims {", 2, "not JSON"},
		{"explain --header nonsense", 2, "colon"},
		{"purge", 2, "one subscriber"},
		{"purge a@example.com b@example.com", 2, "one subscriber"},
		{"purge 4711", 1, "no e-mail address"},
		{"explain --campaign nope", 1, "is not defined"},
		{"explain --jwt nope", 1, "no identity has the name"},
		{"explain --claims [] --uri /", 1, "claims_json"},
		{"campaigns --address unix/" + srv.socket("nobody"), 1, "admin API"},
		{"campaigns --address 127.0.0.1:1-2", 1, "invalid admin address"},
		{"campaigns --config " + srv.dir + "/none", 1, "none"},
	} {
		t.Run(row.args, func(t *testing.T) {
			args := strings.Fields(row.args)
			if row.args != "nonsense" && !strings.Contains(row.args, "--address") &&
				!strings.Contains(row.args, "--config") {
				args = append(args, srv.address())
			}
			r := srv.checkout("", args...)
			if r.code != row.code || !strings.Contains(r.stderr, row.says) || r.stdout != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %d and %q", r.code, r.stdout,
					r.stderr, row.code, row.says)
			}
		})
	}
}

func TestCommandHelps(t *testing.T) {
	srv := &server{t: t, dir: t.TempDir()}
	srv.checkout("").succeeds(t, "Exit codes: 0 done, 1 failed, 2 wrong usage.")
	for _, name := range []string{"campaigns", "explain", "purge"} {
		srv.checkout("", name, "--help").succeeds(t,
			"Examples:", "caddy checkout "+name, "--address", "--json")
	}
}
