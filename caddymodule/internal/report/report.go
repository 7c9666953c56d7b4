// Package report draws the operators' page: what runs now and next, what experiments have shown,
// money by day, partners, and how the module is. A plain struct goes in, and one HTML page comes
// out, without a script and without anything that a browser would have to fetch.
//
// It computes no figure: those are the ledger's, and the same that `caddy checkout` prints. It adds
// up days, and it chooses what there is room for.
package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/ledger"
)

// How much the page has room for. What is left out is counted on the page.
const (
	// Experiments is for LatestExperiments of the ledger, as Runs is.
	Experiments = 12
	Runs        = 4
	// Days are those that Page.Days should hold, today included: the ones that are drawn, and as
	// many before them to compare with.
	Days = 2 * drawnDays

	drawnDays  = 30
	campaigns  = 40
	currencies = 6
	sources    = 20 // campaigns that brought money
	partners   = 50
	mismatches = 20
)

// Page is what the page shows. Nothing in it is personal. It is read-only while it is drawn.
type Page struct {
	// At is now, and Started when this process began to count.
	At, Started time.Time
	// Campaigns are those of the running configuration, as `caddy checkout campaigns` has them.
	Campaigns []cli.Campaign
	// Experiments are as `caddy checkout experiments` has them, but for older runs.
	Experiments []ledger.Experiment
	// MoreExperiments is how many the ledger knows beside them.
	MoreExperiments int
	// Money is by day, for the last Days days.
	Money []ledger.Figure
	// Partners are the sums of the drawn days. Without one, the section is left out.
	Partners []Partner
	// LedgerAway is why what the ledger knows is missing: Experiments, Money and Partners. It is
	// empty if nothing is.
	LedgerAway string

	Projects []Project
	// LedgerBytes are those in use; 0 where the store cannot say.
	LedgerBytes int64
	Webhooks    []Webhook
	Mismatches  []Mismatch
	Cache       Cache
	// Hears says that a route takes webhooks, or that another Caddy may, over a shared ledger.
	Hears bool
}

// Partner is a line of the table of partners: one code and currency. Amounts are decimal text.
type Partner struct {
	Code                    string
	Links, First, Renewals  int64
	Currency                string
	Revenue, Refunds, Share string
}

// Project is how calls to the API stand for one project.
type Project struct {
	Name string
	// Paused is why no call is made at the moment; empty if calls are made.
	Paused string
	// Calls are those of this process, retries included, by result.
	Calls map[string]int64
}

// Webhook is a kind of webhook that this process heard, and what became of it.
type Webhook struct {
	Kind, Result string
	Count        int64
	Last         time.Time
}

// Mismatch counts payments that differ from what their link asked for.
type Mismatch struct {
	Campaign, Kind string
	Count          int64
}

// Cache is where links are kept.
type Cache struct {
	Name string
	// Links that are cached in this process; less than 0 where that cannot be told.
	Links int64
	// Errors are the operations that failed.
	Errors int64
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"whole": whole, "grouped": grouped, "many": many, "things": things,
}).Parse(strings.Replace(pageHTML, "{{CSS}}", pageCSS, 1)))

// Policy is the page's Content-Security-Policy: its own style, by its hash, and nothing else. No
// script runs, nothing is fetched, no form is sent, and no other page may show it in a frame.
var Policy = "default-src 'none'; style-src 'sha256-" + hashOf(pageCSS) + "'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Write draws the page.
func Write(w io.Writer, p Page) error {
	return page.Execute(w, view{
		Page:        p,
		Started:     instant(p.At, p.Started),
		Attention:   attention(p),
		Timeline:    timelineOf(p),
		Experiments: experimentsOf(p),
		Money:       moneyOf(p),
		Health:      healthOf(p),
	})
}

// view is what the template reads.
type view struct {
	Page        Page
	Started     moment
	Attention   []string
	Timeline    timeline
	Experiments []experiment
	Money       income
	Health      health
}

// Now is the instant that the page is of.
func (v view) Now() moment { return moment{v.Page.At.UTC().Format(time.RFC3339), clock(v.Page.At)} }

// Partners are those that there is room for.
func (v view) Partners() []Partner { return v.Page.Partners[:min(len(v.Page.Partners), partners)] }

// MorePartners says how many lines are left out.
func (v view) MorePartners() string {
	return more(len(v.Page.Partners)-partners, "line", "caddy checkout partners")
}

// MoreExperiments says how many experiments are left out.
func (v view) MoreExperiments() string {
	return more(v.Page.MoreExperiments, "experiment", "caddy checkout experiments")
}
