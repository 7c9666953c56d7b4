package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/routewalk"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/zotlo"
)

// NoRoute is the outcome of a request that no checkout directive gets.
const NoRoute = "no_route"

// Explanation says what the click would have got, and why.
type Explanation struct {
	// Outcome is what checkout_link would have reached without a fault of the API: link, or why
	// not; embed of checkout_embed; or NoRoute.
	Outcome string `json:"outcome"`
	Error   string `json:"error,omitempty"`
	// Note says what may make this answer another one than a click's.
	Note string `json:"note,omitempty"`

	// Route is the directive that got the request, with its matcher. Before are the handlers on the
	// way to it that may answer, Passed the checkout directives that handed the request on.
	Route  string   `json:"route,omitempty"`
	Before []string `json:"before,omitempty"`
	Passed []string `json:"passed,omitempty"`
	// Answer is what the shopper gets, as it is counted, and Location where that sends them, unless
	// it is a personal link.
	Answer   string `json:"answer,omitempty"`
	Location string `json:"location,omitempty"`

	// Identity is the name of the jwt block that reads the token. Rule refused the token. Looked
	// are the places that hold none.
	Identity string   `json:"identity,omitempty"`
	Rule     string   `json:"rule,omitempty"`
	Looked   []string `json:"looked,omitempty"`
	// Facts are what the ledger knows of the subscriber, as far as the campaign asks for it.
	Facts []string `json:"facts,omitempty"`

	Campaign   string `json:"campaign,omitempty"`
	Experiment string `json:"experiment,omitempty"`
	Variant    string `json:"variant,omitempty"`
	Reason     string `json:"reason,omitempty"` // as campaign.Offer says it
	Bucket     *int   `json:"bucket,omitempty"` // 0 to 9999, if one was worked out
	Counted    bool   `json:"counted"`          // handing the offer out would be an exposure

	// Rules are the campaigns in the order in which they were tried.
	Rules []campaign.Step `json:"rules"`
	// Dropped are the overrides that are left out, and why.
	Dropped []string `json:"dropped,omitempty"`
	// Untrusted is what keeps a campaign from this identity.
	Untrusted  []string            `json:"untrusted,omitempty"`
	Subscriber ExplainedSubscriber `json:"subscriber"`
	Language   string              `json:"language,omitempty"`
	ClientIP   string              `json:"client_ip,omitempty"`
	// APIRequest is exact, but for secrets and the random part.
	APIRequest *zotlo.Described `json:"api_request,omitempty"`
	// Start is what checkout_embed starts the form with, in place of a request; as exact.
	Start *zotlo.Start `json:"start,omitempty"`
}

// ExplainedSubscriber names the subscriber as the log does. Claims says what became of each listed
// claim, without its value.
type ExplainedSubscriber struct {
	Hash   string   `json:"hash,omitempty"`
	Kind   string   `json:"kind,omitempty"`
	Claims []string `json:"claims,omitempty"`
}

// TellRefusal says which rule refused the token.
func (e *Explanation) TellRefusal(refused *auth.RefusedError) {
	e.Rule, e.Error = refused.Rule, refused.Error()
	if refused.Expected != "" {
		e.Error += fmt.Sprintf(" (expected %q, given %q)", refused.Expected, refused.Given)
	}
}

// TellMissing says where no token was. The names of the request's cookies stand beside it: a wrong
// one is the usual mistake.
func (e *Explanation) TellMissing(places []auth.Source, cookies []*http.Cookie) {
	for _, place := range places {
		e.Looked = append(e.Looked, place.In+" "+place.Name)
	}
	e.Error = "no token in " + strings.Join(e.Looked, ", nor in ")
	names := make([]string, len(cookies))
	for i, c := range cookies {
		names[i] = c.Name
	}
	if len(names) > 0 {
		e.Error += "; the request has the cookies " + strings.Join(names, ", ")
	}
}

// NotReached says why no checkout directive got a request, and where the directives are.
func NotReached(way routewalk.Way, ours []string) string {
	text := "no checkout directive gets this request"
	switch {
	case way.Err != nil:
		text += ": a matcher failed: " + way.Err.Error()
	case way.By != "":
		text += ": " + way.By + " answers first"
	}
	if len(ours) == 0 {
		return text + "; the configuration has none"
	}
	return text + "; there are " + strings.Join(ours, ", ")
}

// Quoted is a name of a question, unless it looks like what belongs in no log: errors about it are
// logged.
func Quoted(name string) string {
	if len(name) > 64 || strings.Contains(name, "@") {
		return "(a text that is no name)"
	}
	return strconv.Quote(name)
}

func printExplanation(w io.Writer, e Explanation) {
	t := newTable(w)
	for _, line := range [][2]string{
		{"Outcome", e.Outcome},
		{"Error", e.Error},
		{"Note", e.Note},
		{"Route", e.Route},
		{"Answer", strings.TrimSpace(e.Answer + " " + e.Location)},
		{"Identity", e.Identity},
		{"Campaign", e.Campaign},
		{"Experiment", e.Experiment},
		{"Variant", e.variantLine()},
		{"Subscriber", e.Subscriber.line()},
		{"Language", e.Language},
		{"Client IP", e.ClientIP},
	} {
		if line[1] != "" {
			t.row(line[0]+":", line[1])
		}
	}
	t.Flush()
	printList(w, "May answer before it", e.Before)
	printList(w, "Handed the request on", e.Passed)
	printList(w, "Claims asked for the subscriber", e.Subscriber.Claims)
	printList(w, "What the ledger knows", e.Facts)
	printList(w, "Left out", e.Dropped)
	printList(w, "Not for this identity", e.Untrusted)

	if len(e.Rules) > 0 {
		fmt.Fprintln(w)
		t = newTable(w, "CAMPAIGN", "RESULT", "WHY")
		for _, rule := range e.Rules {
			t.row(rule.Campaign, rule.Result, rule.Detail)
		}
		t.Flush()
	}
	if e.APIRequest != nil {
		printAPIRequest(w, e)
	}
	if e.Start != nil {
		fmt.Fprint(w, "\nThe form is started with\n")
		printJSON(w, e.Start)
	}
}

func printAPIRequest(w io.Writer, e Explanation) {
	if e.Outcome == "anonymous" {
		fmt.Fprint(w, "\nWith `anonymous guest` on the route:")
	}
	fmt.Fprintf(w, "\n%s %s\n", e.APIRequest.Method, e.APIRequest.URL)
	for _, name := range slices.Sorted(maps.Keys(e.APIRequest.Header)) {
		fmt.Fprintf(w, "%s: %s\n", name, e.APIRequest.Header[name])
	}
	fmt.Fprintln(w)
	printJSON(w, e.APIRequest.Body)
}

// printJSON prints what was JSON a moment ago. A terminal that is gone wants no error.
func printJSON(w io.Writer, v any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(v)
}

func (e Explanation) variantLine() string {
	if e.Variant == "" {
		return ""
	}
	line := e.Variant + " (" + e.Reason
	if e.Bucket != nil {
		line += ", bucket " + strconv.Itoa(*e.Bucket)
	}
	if !e.Counted {
		line += ", not counted"
	}
	return line + ")"
}

func (s ExplainedSubscriber) line() string {
	if s.Hash == "" {
		return "nobody"
	}
	return s.Hash + " (" + s.Kind + ")"
}
