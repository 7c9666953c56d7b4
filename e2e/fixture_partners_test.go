package e2e_test

import (
	"encoding/csv"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// tablePath is where the documentation keeps the table of partners.
const tablePath = "/etc/caddy/partners.csv"

// tableOf is a file with the table of partners that a page of the documentation shows.
func tableOf(t *testing.T, page string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "partners.csv")
	if err := os.WriteFile(path, []byte(codeBlocks(t, page, "csv")[0].text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// consents is a visitor who has allowed cookies; cameBy has the cookie of their first partner, too.
func consents() []with { return []with{header("Cookie", "consent=all")} }

func cameBy(code string) []with {
	return []with{func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "checkout_partner", Value: code})
	}}
}

// offersMira is what a page knows of the visitors whom Mira has sent.
const offersMira = "the site, X-Offer-Code MIRA10, X-Offer-Partner Mira"

// offersNobody is the same of those whom nobody has sent.
const offersNobody = "the site, X-Offer-Code , X-Offer-Partner"

// fromTableToPayout clicks the recipe: by a link, by a spoken code, by the cookie; and asks for the
// accountant's table.
var fromTableToPayout = []request{
	{anonymous, "/pricing?ref=MIRA10", offersMira, nil},
	{anonymous, "/pricing?ref=MIRA10", offersMira + ", keeps checkout_partner=MIRA10", consents()},
	{anonymous, "/pricing?ref=MIRA10", offersMira, []with{header("Cookie", "consent=0")}},
	{anonymous, "/pricing?ref=+mira10+", offersMira, nil},
	{anonymous, "/pricing?ref=mira11", offersNobody, nil},
	{anonymous, "/pricing?ref=mira11", offersNobody, consents()},
	{anonymous, "/pricing", offersNobody, forgedPartner},
	{anonymous, "/pricing", offersMira, cameBy("mira10")},
	{anonymous, "/pricing", offersNobody, cameBy("somebody")},
	{anonymous, "/", "the site", forgedPartner},
	{anonymous, "/upgrade?ref=MIRA10", "303 to /login?next=%2Fupgrade%3Fref%3DMIRA10", nil},
	{user, "/upgrade", "link 110, ann@example.com, en", nil},
	{user, "/upgrade?ref=mira11", "link 110, ann@example.com, en", nil},
	{user, "/upgrade", "link 4711, ann@example.com, en, Recommended by Mira", cameBy("mira10")},
	{
		user, "pay /upgrade?ref=MIRA10", "paid link 4711, ann@example.com, en, Recommended by Mira", nil,
	},
	{
		who{"email": ben},
		"pay /upgrade?ref=ben",
		"paid link 4712, ben@example.com, en, Recommended by Ben and Co", nil,
	},
	{who{"email": "cleo@example.com"}, "pay /upgrade", "paid link 110, cleo@example.com, en", nil},
	{anonymous, "payout", "BEN 1 0 USD 9.99 0.00 0.999, MIRA10 1 0 USD 9.99 0.00 1.24875", nil},
	{
		anonymous, "/consent/withdraw", "the site, keeps checkout_partner=", cameBy("MIRA10"),
	},
}

// forgedPartner is a visitor who says that a partner has sent them.
var forgedPartner = []with{header("X-Offer-Code", "MIRA10"), header("X-Offer-Partner", "Mira")}

// payout is the accountant's table, row after row, without the number of links: they are counted
// within a second, payments at once.
func payout(t *testing.T, s *shoptest.Shop) string {
	t.Helper()
	text, err := s.Exec("checkout", "partners", "--csv", "--address", "unix/"+s.Dir+"/admin.sock")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%v, in\n%s", err, text)
	}
	var lines []string
	for _, row := range rows[1:] {
		lines = append(lines, strings.Join(append(row[:1:1], row[2:]...), " "))
	}
	return strings.Join(lines, ", ")
}

// kept says which cookies an answer sets.
func kept(r *http.Response) (says string) {
	for _, c := range r.Cookies() {
		says += ", keeps " + c.Name + "=" + c.Value
	}
	return says
}
