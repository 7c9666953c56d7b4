package sandbox_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestPageShowsWhatWasPersonalized(t *testing.T) {
	s := open(t, sandbox.Config{BaseLinks: map[string]sandbox.BaseLink{"123": {
		Name: "Winter sale", PackageName: "Silver", Price: "9.9",
		AdditionalText: "From the template",
	}}})
	_, page, _ := s.get(t, s.link(t, fields{
		"subscriberId": "ada@example.com", "packageName": "Gold, lifetime", "customPrice": "19.9",
		"customCurrency": "EUR", "title": "Only for you", "buttonText": "Take it", "shade": "blue",
		"customParameters": map[string]any{
			"mmp":   map[string]any{"appsflyer_id": "af-1"},
			"level": 3,
		},
	}))
	rows := table(t, page)
	want := map[string]string{
		"packageName":         "Gold, lifetime instead of Silver / personalized",
		"customPrice":         "19.9 instead of 9.90 / personalized",
		"customCurrency":      "EUR instead of USD / personalized",
		"Additional text":     "From the template / base link",
		"Package":             "sandbox-package / base link",
		"title":               "Only for you / personalized",
		"buttonText":          "Take it / personalized",
		"subscriberId":        "ada@example.com / personalized",
		"subscriberIpAddress": "203.0.113.7 / personalized",
		"language":            "en / personalized",
		"level":               "3 / personalized",
		"mmp.appsflyer_id":    "af-1 / personalized",
		"shade":               "blue / personalized",
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{
		"Sandbox – no money moves", "<h1 id=\"offer\">Only for you</h1>", "19.90 EUR",
		"one-time payment", ">Take it</button>",
		"<strong>ada@example.com</strong>", "Winter sale", "not in Zotlo’s published reference",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(page, sandbox.DefaultApplicationKey) {
		t.Error("the page shows the application key")
	}
}

var (
	rowPattern = regexp.MustCompile(`(?s)<tr><th scope="row">(.*?)</th>` +
		`\s*<td>(.*?)</td>\s*<td>(.*?)</td></tr>`)
	tagPattern = regexp.MustCompile(`<[^>]*>`)
)

// table reads the table of the page: wire name, or label of what the base link
// says, to value and origin.
func table(t *testing.T, page string) map[string]string {
	t.Helper()
	rows := make(map[string]string)
	for _, m := range rowPattern.FindAllStringSubmatch(page, -1) {
		name := m[1]
		if _, wire, ok := strings.Cut(name, "<code>"); ok {
			name = wire
		}
		value := strings.ReplaceAll(m[2], "<span", " <span")
		name = tagPattern.ReplaceAllString(name, "")
		rows[name] = tagPattern.ReplaceAllString(value+" / "+m[3], "")
	}
	return rows
}

func TestPageWithoutOverridesIsTheTemplate(t *testing.T) {
	s := open(t, sandbox.Config{})
	_, page, _ := s.get(t, s.link(t, nil))
	want := map[string]string{
		"Product": "Pro / base link", "Price": "9.99 / base link", "Currency": "USD / base link",
		"Package":             "sandbox-package / base link",
		"subscriberIpAddress": "203.0.113.7 / personalized", "language": "en / personalized",
	}
	if diff := cmp.Diff(want, table(t, page)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(page, "per month") || !strings.Contains(page, ">Pay 9.99 USD</button>") {
		t.Errorf("not the page of a subscription:\n%s", page)
	}
}
