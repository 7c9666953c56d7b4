package caddymodule

import (
	"go/ast"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/changes"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/zotlo"
)

// The tests of this file keep docs/reference.md and the code together, in both directions: each
// compares a set of names from the code with the first column of a table.

func TestReferenceListsEveryOption(t *testing.T) {
	ref := readReference(t)
	campaignNames := slices.Concat(ref.names("campaign"), ref.names("Overrides"))
	for _, block := range []struct {
		in   string // the lines that open it
		want []string
	}{
		{"checkout", ref.names("The global option checkout")},
		{"checkout > project p", ref.names("project")},
		{"checkout > jwt", ref.names("jwt")},
		{"checkout > cache memory", ref.names("cache memory")},
		{"checkout > cache redis", ref.names("cache redis")},
		{"checkout > ledger file", ref.names("ledger file")},
		{"checkout > ledger redis", ref.names("ledger redis")},
		{"checkout > ledger memory", ref.names("ledger memory")},
		{"checkout > partners f", ref.names("partners")},
		{"checkout > limits", ref.names("limits")},
		{"checkout > campaign c", campaignNames},
		{"checkout > campaign c > experiment e", ref.names("experiment")},
		{"checkout > campaign c > experiment e > variant v 1%", ref.names("Overrides")},
		{"checkout_link", slices.Concat(campaignNames, ref.names("checkout_link"))},
		{"checkout_offer c", ref.names("checkout_offer")},
		{"checkout_embed c", ref.names("checkout_embed")},
		{"checkout_webhook", ref.names("checkout_webhook")},
		{"checkout_report", ref.names("checkout_report")},
	} {
		wantSame(t, block.in, knownOptions(t, block.in), block.want)
	}
	overrides := make(map[string]bool)
	jsonKeys(reflect.TypeFor[campaign.Overrides](), overrides)
	wantSame(t, "the overrides", slices.Collect(maps.Keys(overrides)), ref.names("Overrides"))
}

// TestReferenceSaysNothingTwice: sets of names cannot tell a row that is there twice.
func TestReferenceSaysNothingTwice(t *testing.T) {
	said := make(map[string]bool) // in one table
	for line := range strings.Lines(readReference(t).text) {
		row := cells(line)
		if row == nil {
			clear(said)
			continue
		}
		if said[row[0]] {
			t.Errorf("the row of %s is there twice", row[0])
		}
		said[row[0]] = true
	}
}

func TestReferenceListsEveryAnswer(t *testing.T) {
	ref := readReference(t)
	wantSame(t, "the outcomes", outcomeWords(), ref.names("Outcomes"))
	wantSame(t, "the answers", constants(t, "outcomes.go", "answer"), ref.names("Answers"))
	for _, row := range ref.tables["Outcomes"] {
		name, status, message := codes(row[0])[0], row[1], row[2]
		o, known := outcomes[name]
		if !known { // those that lead on, to a link or past it
			o = outcome{status: 303}
		}
		if name == outcomeEmbed {
			o.status = 200
		}
		if text := strings.TrimPrefix(message, "–"); status != strconv.Itoa(o.status) ||
			text != o.text {
			t.Errorf("%s is %d %q, the reference says %s %q", name, o.status, o.text, status, text)
		}
	}
	var ours []string
	for name, o := range outcomes {
		if o.ours || everyday[name] {
			ours = append(ours, name)
		}
	}
	wantSame(t, "the outcomes that a fallback answers", ours,
		codes(ref.sentence(t, "With a fallback URL, these send the shopper there instead:")))
}

func TestReferenceListsEveryMetric(t *testing.T) {
	ref := readReference(t)
	var inCode, inReference []string
	for _, c := range append(metrics.Collectors(), cachedLinks, ledgerBytes, ledgerUp) {
		name, labels := described(t, c)
		inCode = append(inCode, name+"{"+labels+"}")
	}
	for _, row := range ref.tables["Metrics"] {
		inReference = append(inReference, codes(row[0])[0]+"{"+strings.Join(codes(row[1]), ",")+"}")
	}
	wantSame(t, "the metrics", inCode, inReference)
}

func TestReferenceListsEveryLabelValue(t *testing.T) {
	ref := readReference(t)
	for label, inCode := range map[string][]string{
		"rule": append(auth.Rules(), ruleOffer, ruleNoCookie, ruleNoHeader), "api": zotlo.Results(), "keys": auth.RefreshResults(),
		"webhook type":   constants(t, "../zotlo/event.go", "Webhook"),
		"webhook result": constants(t, "webhook_handler.go", "hook"),
		"event result":   metrics.EventResults(),
	} {
		paragraph := map[string]string{
			"rule":           "**Rules**",
			"api":            "**Results of API calls**",
			"keys":           "**Results of key refreshes**",
			"webhook type":   "**Webhook types**",
			"webhook result": "**Webhook results**",
			"event result":   "**Results of events**",
		}[label]
		wantSame(t, label, inCode, firstCodes(ref.tableAfter(t, paragraph)))
	}
}

func TestReferenceListsEveryPlaceholderAndField(t *testing.T) {
	ref := readReference(t)
	placeholders := []string{
		"claim.<path>", "event.<name>.<value>", "override.<word>", "partner", "partner.<column>",
		"signed.<name>",
	}
	placeholders = append(placeholders, stringsIn(t, "request.go", func(n ast.Node) []ast.Expr {
		if c, ok := n.(*ast.CaseClause); ok {
			return c.List
		}
		return nil
	})...)
	for i, name := range placeholders {
		placeholders[i] = "{" + placeholder.Ours + name + "}"
	}
	wantSame(t, "the placeholders", placeholders, ref.names("Placeholders"))
	wantSame(t, "the access-log fields", withPrefix(literals(t, "observe.go"), "checkout_"),
		ref.names("Access-log fields"))

	events := ref.tables["Events"]
	wantSame(t, "the events and their fields",
		slices.Concat(withPrefix(literals(t, "payments.go"), "checkout."),
			stringsIn(t, "payments.go", eventFields), []string{changes.Event, "option", "from", "to"}),
		firstCodes(events))
}

func TestReferenceListsEveryVariableAndRoute(t *testing.T) {
	ref := readReference(t)
	p := Project{}.withDefaults()
	var variables []string
	for _, text := range []string{p.AccessKey, p.AccessSecret, p.ApplicationKey} {
		variables = append(variables, strings.TrimSuffix(strings.TrimPrefix(text, "{env."), "}"))
	}
	wantSame(t, "the environment variables", variables, ref.names("Environment variables"))

	var routes []string
	for _, route := range (adminAPI{}).Routes() {
		for _, method := range route.Handler.(interface{ Methods() []string }).Methods() {
			routes = append(routes, method+" "+route.Pattern)
		}
	}
	var documented []string
	for _, row := range ref.tables["Admin API"] {
		documented = append(documented, codes(row[0])[0])
	}
	wantSame(t, "the admin endpoints", routes, documented)
}

func TestReferenceListsEveryKeyOfJSON(t *testing.T) {
	ref := readReference(t)
	inTables := make(map[string]bool)
	for heading := range ref.tables {
		for _, name := range ref.names(heading) {
			inTables[name] = true
		}
	}
	inCode := make(map[string]bool)
	for _, config := range []any{
		App{},
		JWT{},
		auth.Source{},
		Offers{},
		signedoffer.Place{},
		Limits{},
		partners.Config{},
		partners.Remember{},
		partners.Place{},
		MemoryCache{},
		RedisCache{},
		FileLedger{},
		RedisLedger{},
		MemoryLedger{},
		Campaign{},
		campaign.Price{},
		campaign.ExperimentConfig{},
		campaign.VariantConfig{},
		Subscribed{},
		AfterPayment{},
		LinkHandler{},
		OfferHandler{},
		EmbedHandler{},
		WebhookHandler{},
		ReportHandler{},
		ClaimMatcher{},
		ClaimCondition{},
		Identity{},
	} {
		jsonKeys(reflect.TypeOf(config), inCode)
	}
	own := ref.names("JSON")
	for key := range inCode {
		if !inTables[key] {
			t.Errorf("the JSON key %q is in no table of the reference", key)
		}
	}
	for _, key := range own {
		if !inCode[key] && key != "module" { // Caddy's own inline key
			t.Errorf("the reference tells of a JSON key %q that the code does not have", key)
		}
	}
	for _, heading := range []string{
		"project", "jwt", "cache memory", "cache redis", "ledger file", "ledger redis",
		"ledger memory", "limits", "partners",
		"campaign", "Overrides", "experiment", "checkout_link", "checkout_embed", "checkout_webhook",
		"checkout_report",
	} {
		for _, name := range ref.names(heading) {
			if !inCode[name] {
				t.Errorf("the option %q of %s is no JSON key", name, heading)
			}
		}
	}
}
