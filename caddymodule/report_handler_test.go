//go:build unix

package caddymodule_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/caddy-checkout/checkout/sandbox"
)

// TestReportAdmits: whom the route's authentication names, and nobody else.
func TestReportAdmits(t *testing.T) {
	srv := openReport(t, "")
	for name, tt := range map[string]struct {
		path   string
		option func(*request)
		status int
	}{
		"a user":                  {"/report", operator("ann"), http.StatusOK},
		"a user from outside":     {"/report", operator("bob"), http.StatusOK},
		"somebody else":           {"/report", operator("eve"), http.StatusForbidden},
		"nobody":                  {"/report", header("X-None", "1"), http.StatusUnauthorized},
		"a shopper's token":       {"/report", by("ann"), http.StatusUnauthorized},
		"an open address":         {"/open", header("X-None", "1"), http.StatusOK},
		"a user of another place": {"/open", operator("eve"), http.StatusOK},
	} {
		res, body := srv.click(tt.path, tt.option)
		if res.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d", name, res.StatusCode, tt.status)
		}
		if shown := strings.Contains(string(body), "sale-price"); shown != (tt.status == 200) {
			t.Errorf("%s: the page is shown: %t", name, shown)
		}
	}
}

// TestReportWithoutAuthenticationIsForbidden: a user that nothing in the route can name.
func TestReportWithoutAuthenticationIsForbidden(t *testing.T) {
	srv := openServer(t, serverWith(proCampaign, `checkout_report /report {
		user ann
	}`))
	for name, option := range map[string]func(*request){
		"nobody": header("X-None", "1"), "a password that nobody checks": operator("ann"),
		"a shopper": by("ann"),
	} {
		if res, _ := srv.click("/report", option); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}

func TestReportIsOnlyRead(t *testing.T) {
	srv := openReport(t, "")
	for _, name := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, "OPTIONS"} {
		res, _ := srv.click("/open", method(name))
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", name, res.StatusCode, res.Header.Get("Allow"))
		}
	}
	for _, name := range []string{http.MethodGet, http.MethodHead} {
		res, body := srv.click("/open", method(name))
		if res.StatusCode != http.StatusOK || (len(body) > 0) != (name == http.MethodGet) {
			t.Errorf("%s: %d with %d bytes", name, res.StatusCode, len(body))
		}
		for field, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"X-Robots-Tag": "noindex", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := res.Header.Get(field); got != want {
				t.Errorf("%s: %s is %q", name, field, got)
			}
		}
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") ||
			strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
			t.Errorf("%s: the policy is %s", name, policy)
		}
	}
}

// TestReportFiguresEqualTheCommands: what the page says of experiments is what `caddy checkout
// experiments --json` says, figure by figure.
func TestReportFiguresEqualTheCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seeded.db")
	seedLedger(t, path)
	t.Setenv("SEEDED", path)
	srv := openReport(t, "\t\tledger file {env.SEEDED}")
	srv.click("/upgrade", by("ann@example.com"))
	srv.writesExposures(strings.Replace(reportServer("\t\tledger file {env.SEEDED}"), "{$PASSWORD}",
		os.Getenv("PASSWORD"), 3))

	var answer experimentsAnswer
	srv.ask(http.MethodGet, "/checkout/experiments", "", &answer)
	var want, got []string
	for _, e := range answer.Experiments {
		for _, run := range e.Runs {
			want = append(want, run.figures(e.Key)...)
		}
	}
	each(srv.report(), atom.Article, func(article *html.Node) {
		key := attribute(article, "data-experiment")
		each(article, atom.Tr, func(row *html.Node) {
			if name := attribute(row, "data-variant"); name != "" {
				got = append(got, fmt.Sprint(key, " ", name, " ", figuresOf(row)))
			}
		})
	})
	if len(want) != 4 || !strings.Contains(strings.Join(want, ""), "520") {
		t.Fatalf("the command says %q: this test compares nothing", want)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page differs from the command: -want +got:\n%s", diff)
	}
}

// experimentsAnswer is the JSON of the command, as text where it is a figure.
type experimentsAnswer struct {
	Experiments []struct {
		Key  string
		Runs []experimentsRun
	}
}

type experimentsRun struct {
	Variants []struct {
		Name                 string
		People, Open, Buyers json.Number
		Rate                 float64
		Revenue              map[string]struct {
			Total     string
			PerPerson string `json:"per_person"`
		}
	}
}

// figures are those of each variant, in the order of the page's table.
func (run experimentsRun) figures(key string) (rows []string) {
	for _, v := range run.Variants {
		figures := []string{
			v.People.String(), v.Open.String(), v.Buyers.String(),
			strconv.FormatFloat(v.Rate, 'g', -1, 64),
		}
		for _, code := range slices.Sorted(maps.Keys(v.Revenue)) {
			figures = append(figures, v.Revenue[code].PerPerson, v.Revenue[code].Total)
		}
		rows = append(rows, fmt.Sprint(key, " ", v.Name, " ", figures))
	}
	return rows
}

// TestReportShowsTheMoneyOfADay: a sale and a refund are on the page that is opened next.
func TestReportShowsTheMoneyOfADay(t *testing.T) {
	srv := openReport(t, "\t\tledger file {$LEDGER}")
	res, _ := srv.click("/upgrade", fresh(t, "ann"))
	payment := srv.pay(res.Header.Get("Location"))
	price := payment.Price
	res, _ = srv.click("/upgrade", fresh(t, "bob"))
	if _, err := srv.zotlo.Refund(srv.pay(res.Header.Get("Location"),
		sandbox.Charge("14.99", "EUR")).TransactionID); err != nil {
		t.Fatal(err)
	}
	money := map[string]string{}
	each(srv.report(), atom.Article, func(article *html.Node) {
		if code := attribute(article, "data-currency"); code != "" {
			figures := figuresOf(article)
			money[code] = fmt.Sprint("left ", figures[0], ", went back ", figures[2])
		}
	})
	want := map[string]string{"EUR": fmt.Sprint("left ", price, ", went back 14.99")}
	if diff := cmp.Diff(want, money); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestReportWithoutLedger: the page comes, and says what it cannot say.
func TestReportWithoutLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locked.db")
	free := lockFile(t, path)
	defer free()
	t.Setenv("LOCKED", path)
	srv := openReport(t, "\t\tledger file {env.LOCKED}")
	page := textOf(srv.report())
	for _, want := range []string{
		"Ledger: cannot be read: ", "The ledger cannot be read at the moment, so nothing can be said here.",
		"sale", "without a schedule",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q: %s", want, page)
		}
	}
	if strings.Contains(page, "All is well") {
		t.Error("the page says that all is well")
	}
}

// TestReportTellsOfTrouble: what is wrong stands at the top, and is gone when it is over.
func TestReportTellsOfTrouble(t *testing.T) {
	srv := openReport(t, "\t\tledger file {$LEDGER}")
	srv.zotlo.Fail(sandbox.RateLimited("30"))
	srv.click("/upgrade", fresh(t, "ann"))
	says := func(want string) {
		t.Helper()
		found := false
		each(srv.report(), atom.Header, func(head *html.Node) {
			found = found || strings.Contains(textOf(head), want)
		})
		if !found {
			t.Errorf("the head of the page does not say %q", want)
		}
	}
	says("API, project default: paused for")
	says("the API asked for a pause: too many calls")
}

// TestReportNeedsAnId: an id that is no id lets nobody in by accident.
func TestReportNeedsAnId(t *testing.T) {
	for mistake, want := range map[string]string{
		`user ""`:                  "an empty id is nobody's",
		`user {env.NOT_THERE}`:     "set that environment variable or file, or name another",
		`user {http.auth.user.id}`: "a placeholder stands there that nothing fills in",
		`user {$UNSET_OPERATOR}`:   "user needs at least one id",
		`user ann` + "\n" + `open`: "user and open exclude each other",
		`open` + "\n" + `open`:     `"open" is already given`,
		`open yes`:                 "open takes no value",
		`users ann`:                `unknown option "users": known here are open, user`,
	} {
		refusesToLoad(t, serverWith(proCampaign, "checkout_report /report {\n"+mistake+"\n}"), want)
	}
}
