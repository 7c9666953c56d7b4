package caddymodule_test

import (
	"cmp"
	"encoding/csv"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

const partnerCampaigns = `partners {env.PARTNERS} {
			from query ref
		}
		limits {
			per_subscriber 1000/1m
		}
		campaign mira {
			link_id 124
			partner mira10
		}
		campaign everybody {
			link_id 124
		}`

const partnerSite = "checkout_link /u mira everybody\n\tcheckout_webhook /hooks {\n\t\ttoken " +
	"{env.HOOK_TOKEN}\n\t}"

// openPayouts is a server that sells by partners. The base link sells what the stand-in sells.
func openPayouts(t *testing.T, table string) *server {
	partnersFile(t, table)
	return openServer(t, serverWith(partnerCampaigns, partnerSite))
}

// sellsBy sells to somebody whom a partner has sent.
func (srv *server) sellsBy(code, who string, options ...sandbox.PayOption) sandbox.Payment {
	srv.t.Helper()
	res, _ := srv.click("/u?ref="+code, by(who))
	return srv.pay(res.Header.Get("Location"), options...)
}

// payouts is the CSV of `caddy checkout partners`.
func (srv *server) payouts(flags ...string) [][]string {
	srv.t.Helper()
	r := srv.checkout("", append([]string{"partners", "--csv", srv.address()}, flags...)...)
	if r.code != 0 {
		srv.t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	rows, err := csv.NewReader(strings.NewReader(r.stdout)).ReadAll()
	if err != nil {
		srv.t.Fatal(err)
	}
	return rows
}

// TestPayouts compares the table with the webhooks that were sent: each payment less its refunds,
// by the share of its day, whatever order they came in.
func TestPayouts(t *testing.T) {
	srv := openPayouts(t, "code,share\nMIRA10,10\nBen & Co,20.5\n"+strings.Repeat("\U0001F389", 64)+",50\n")
	emoji := strings.Repeat("\U0001F389", 64)
	sold := map[string][]sandbox.Payment{}
	for _, sale := range []struct{ ref, code, who, price, currency string }{
		{"mira10", "MIRA10", "ann", "19.99", "EUR"},
		{"MIRA10", "MIRA10", "ben", "10.00", "EUR"},
		{"Mira10", "MIRA10", "cid", "7.77", "USD"},
		{"ben+%26+co", "Ben & Co", "dan", "1.01", "EUR"},
		{strings.Repeat("%F0%9F%8E%89", 64), emoji, "eve", "2.00", "EUR"},
		{"nobody", "", "fay", "99.00", "EUR"},
	} {
		p := srv.sellsBy(sale.ref, sale.who+"@example.com", sandbox.Charge(sale.price, sale.currency))
		sold[sale.code] = append(sold[sale.code], p)
	}
	second := &sold["MIRA10"][1]
	renewed, err := srv.zotlo.Renew(second.TransactionID)
	if err != nil {
		t.Fatal(err)
	}
	if *second, err = srv.zotlo.RefundPart(second.TransactionID, "2.50"); err != nil {
		t.Fatal(err)
	}
	sold["MIRA10"] = append(sold["MIRA10"], renewed)
	srv.click("/u?ref=ben+%26+co", by("gus@example.com")) // who does not buy
	header := []string{
		"code", "links", "first_charges", "renewals", "currency", "revenue", "refunds", "share",
	}
	want := [][]string{
		header,
		{"Ben & Co", "2", "1", "0", "EUR", "1.01", "0.00", "0.20705"},
		{"MIRA10", "3", "2", "0", "EUR", "29.99", "2.50", "2.749"},
		{"MIRA10", "3", "1", "1", "USD", "17.76", "0.00", "1.776"}, // renewed at the package's price
		{emoji, "1", "1", "0", "EUR", "2.00", "0.00", "1.00"},
	}
	var rows [][]string
	srv.eventually("links are counted", func() bool {
		rows = srv.payouts()
		return len(rows) == 5 && rows[1][1] == "2" && rows[2][1] == "3" && rows[4][1] == "1"
	})
	if diff := gocmp.Diff(want, rows); diff != "" {
		t.Errorf("payouts (-want +got):\n%s", diff)
	}
	agreesWithSales(t, rows, sold)
	// The table says the same, and so does JSON; what is not asked for is not there.
	srv.checkout("", "partners", srv.address()).succeeds(t, "SHARE", "MIRA10", "0.20705")
	var answer struct{ Partners []map[string]any }
	srv.ask(http.MethodGet, "/checkout/partners?since=2020-01-01&until=2020-02-01", "", &answer)
	if answer.Partners == nil || len(answer.Partners) != 0 {
		t.Errorf("in 2020 partners have %v", answer.Partners)
	}
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	if again := srv.payouts("--since=2026-01-01", "--until="+tomorrow); len(again) != len(rows) {
		t.Errorf("by days: %v", again)
	}
}

// agreesWithSales works the payouts out of what the stand-in sold, in exact fractions.
func agreesWithSales(t *testing.T, rows [][]string, sold map[string][]sandbox.Payment) {
	t.Helper()
	percent := map[string]string{
		"MIRA10": "0.1", "Ben & Co": "0.205", strings.Repeat("\U0001F389", 64): "0.5",
	}
	want := map[string]*big.Rat{}
	for code, payments := range sold {
		if percent[code] == "" {
			continue
		}
		for _, p := range payments {
			left := new(big.Rat).Sub(fraction(t, p.Price), fraction(t, cmp.Or(p.RefundedPrice, "0")))
			of := code + " " + p.Currency
			if want[of] == nil {
				want[of] = new(big.Rat)
			}
			want[of].Add(want[of], left.Mul(left, fraction(t, percent[code])))
		}
	}
	for _, row := range rows[1:] {
		of := row[0] + " " + row[4]
		if want[of] == nil || fraction(t, row[7]).Cmp(want[of]) != 0 {
			t.Errorf("%s gets %s, and the sales say %v", of, row[7], want[of])
		}
		delete(want, of)
	}
	if len(want) > 0 {
		t.Errorf("there are no payouts for %v", want)
	}
}

func fraction(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no amount", text)
	}
	return r
}

func TestPartnersCommandMistakes(t *testing.T) {
	srv := openPayouts(t, "code\nx\n")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"partners", "x"}, 2, "partners takes no value but its flags"},
		{[]string{"partners", "--csv", "--json"}, 2, "--csv and --json exclude each other"},
		{[]string{"partners", "--since=yesterday", srv.address()}, 1, "is neither a duration nor a date"},
		{[]string{"partners", "--until=soon", srv.address()}, 1, "until: write the day after the last one"},
		{[]string{"partners", "--since=2026-01-02", "--until=2026-01-01", srv.address()}, 1, "it must be after since"},
	} {
		if r := srv.checkout("", c.args...); r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%v: exit code %d: %s", c.args, r.code, r.stderr)
		}
	}
	srv.checkout("", "partners", srv.address()).succeeds(t, "No partner has sold anything")
}

// TestABadTableIsALoadError: with its line, and the file in front.
func TestABadTableIsALoadError(t *testing.T) {
	srv := openPayouts(t, "code,share\nMIRA10,10\n")
	path := os.Getenv("PARTNERS")
	if err := os.WriteFile(path, []byte("code,share\nMIRA10,10\nben,101\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := serverWith(partnerCampaigns, partnerSite)
	want := path + `: line 3: share: "101" is not a percentage from 0 to 100`
	if err := srv.reload(config); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a reload with a bad table: %v", err)
	}
	srv.sellsBy("mira10", "ann@example.com") // the one that runs goes on
	t.Setenv("PARTNERS", filepath.Join(filepath.Dir(path), "nowhere.csv"))
	if err := srv.reload(config); err == nil || !strings.Contains(err.Error(), "nowhere.csv") {
		t.Errorf("a reload without a table: %v", err)
	}
}

func TestCampaignsAreHeldAgainstTheTable(t *testing.T) {
	srv := openPayouts(t, "code,price\nMIRA10,9.99\n")
	for options, want := range map[string]string{
		`link_id {http.checkout.partner.link}`: "campaign c: {http.checkout.partner.link}: the table of " +
			"partners has no column link for placeholders; it has: price",
		"link_id 1\n match {\n vars {http.checkout.partner.x} 1\n }": "{http.checkout.partner.x}: the table",
		"link_id 1\n partner {http.request.uri.query.x}":             "partner",
		"link_id 1\n partner \"\"":                                   "partner \"\": code: it is empty",
	} {
		config := strings.Replace(serverWith(partnerCampaigns, partnerSite), "campaign mira {",
			"campaign c {\n"+options+"\n}\ncampaign mira {", 1)
		if err := srv.reload(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", options, err, want)
		}
	}
	without := strings.NewReplacer("partners {env.PARTNERS} {\n\t\t\tfrom query ref\n\t\t}", "").
		Replace(serverWith(partnerCampaigns, partnerSite))
	if err := srv.reload(without); err == nil ||
		!strings.Contains(err.Error(), "campaign mira: partner: there is no table of partners") {
		t.Errorf("without a table: %v", err)
	}
	stranger := strings.Replace(serverWith(partnerCampaigns, partnerSite), "partner mira10",
		"partner mira10 stranger", 1)
	if err := srv.reload(stranger); err != nil {
		t.Fatal(err)
	}
	srv.warns(1, "a campaign names a partner who is not in the table", "stranger")
}

func TestExplainTellsOfPartners(t *testing.T) {
	srv := openPayouts(t, "code,until\nMIRA10,\nben,\nold,2020-01-01T00:00:00Z\n")
	for uri, want := range map[string]struct{ campaign, result, detail, fact string }{
		"/u?ref=mira10": {"mira", "chosen", "takes every request", "partner: MIRA10, by query ref"},
		"/u?ref=ben": {
			"everybody", "no partner", "wants mira10, and the visitor was sent by ben",
			"partner: ben, by query ref",
		},
		"/u": {
			"everybody", "no partner", "wants mira10, and the visitor was sent by nobody", "partner: nobody",
		},
		"/u?ref=x": {
			"everybody", "no partner", "wants mira10, and the visitor was sent by nobody",
			"partner: the code in the query is nobody's",
		},
		"/u?ref=old": {
			"everybody", "no partner", "wants mira10, and the visitor was sent by nobody",
			"partner: the one whom the query names is not active",
		},
	} {
		e := srv.explain(`{"request":{"uri":"` + uri + `"},"claims":` + annsClaims + `}`)
		if e.Campaign != want.campaign || e.Rules[0].Result != want.result ||
			e.Rules[0].Detail != want.detail || !strings.Contains(strings.Join(e.Facts, "\n"), want.fact) {
			t.Errorf("%s: %s, %+v, %v", uri, e.Campaign, e.Rules, e.Facts)
		}
	}
}
