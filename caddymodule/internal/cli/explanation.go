package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/zotlo"
)

// Explanation says what the click would have got, and why.
type Explanation struct {
	// Outcome is what checkout_link would have reached without a fault of the API: link, or why
	// not.
	Outcome string `json:"outcome"`
	Error   string `json:"error,omitempty"`
	// Note says what may make this answer another one than a click's.
	Note string `json:"note,omitempty"`

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
}

// ExplainedSubscriber names the subscriber as the log does. Claims says what became of each listed
// claim, without its value.
type ExplainedSubscriber struct {
	Hash   string   `json:"hash,omitempty"`
	Kind   string   `json:"kind,omitempty"`
	Claims []string `json:"claims,omitempty"`
}

func printExplanation(w io.Writer, e Explanation) {
	t := newTable(w)
	for _, line := range [][2]string{
		{"Outcome", e.Outcome},
		{"Error", e.Error},
		{"Note", e.Note},
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
	printList(w, "Claims asked for the subscriber", e.Subscriber.Claims)
	printList(w, "Left out", e.Dropped)
	printList(w, "Not for this identity", e.Untrusted)

	fmt.Fprintln(w)
	t = newTable(w, "CAMPAIGN", "RESULT", "WHY")
	for _, rule := range e.Rules {
		t.row(rule.Campaign, rule.Result, rule.Detail)
	}
	t.Flush()
	if e.APIRequest != nil {
		printAPIRequest(w, e)
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
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	// It was JSON a moment ago, and a terminal that is gone wants no error.
	_ = encoder.Encode(e.APIRequest.Body)
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
