package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/ledger"
)

// write draws a page, and reads it as a browser does.
func write(t *testing.T, p Page) (text string, root *html.Node) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, p); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), root
}

// elements are those of a kind, in the order of the page.
func elements(root *html.Node, name string) (found []*html.Node) {
	for d := range root.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			found = append(found, d)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.DataAtom != atom.Style {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// TestPolicyLetsThePagesStyleIn: the hash is that of the bytes that a browser hashes.
func TestPolicyLetsThePagesStyleIn(t *testing.T) {
	_, root := write(t, busyPage())
	styles := elements(root, "style")
	if len(styles) != 1 {
		t.Fatalf("%d styles", len(styles))
	}
	if want := "style-src 'sha256-" + hashOf(styles[0].FirstChild.Data) + "'"; !strings.Contains(
		Policy, want) {
		t.Errorf("the policy is %s, the style wants %s", Policy, want)
	}
}

// TestPageFetchesNothing: nothing in it makes a browser ask anybody, or run anything.
func TestPageFetchesNothing(t *testing.T) {
	_, root := write(t, busyPage())
	for d := range root.Descendants() {
		switch d.Data {
		case "script", "img", "iframe", "object", "embed", "form", "input", "button", "base", "a", "use":
			t.Errorf("the page has an element %s", d.Data)
		}
		for _, a := range d.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "src" ||
				a.Key == "srcset":
				t.Errorf("%s has an attribute %s", d.Data, a.Key)
			case a.Key == "href" && a.Val != "data:,":
				t.Errorf("%s leads to %s", d.Data, a.Val)
			}
		}
	}
	if strings.Contains(pageCSS, "url(") || strings.Contains(pageCSS, "@import") {
		t.Error("the style fetches something")
	}
}

// TestPageReadsAloud: the outline is whole, tables say what they are, and pictures speak.
func TestPageReadsAloud(t *testing.T) {
	_, root := write(t, busyPage())
	if lang := attribute(elements(root, "html")[0], "lang"); lang != "en" {
		t.Errorf("the language is %q", lang)
	}
	level, ids := 0, map[string]string{}
	for d := range root.Descendants() {
		if id := attribute(d, "id"); id != "" {
			if _, twice := ids[id]; twice {
				t.Errorf("the id %s is there twice", id)
			}
			ids[id] = textOf(d)
		}
		if len(d.Data) == 2 && d.Data[0] == 'h' && d.Data != "hr" {
			next := int(d.Data[1] - '0')
			if next > level+1 || next == 1 && level > 0 || textOf(d) == "" {
				t.Errorf("the heading %q of level %d follows one of level %d", textOf(d), next, level)
			}
			level = next
		}
	}
	for _, section := range elements(root, "section") {
		if name := ids[attribute(section, "aria-labelledby")]; name == "" {
			t.Error("a section has no name")
		}
	}
	for _, table := range elements(root, "table") {
		if captions := elements(table, "caption"); len(captions) != 1 || textOf(captions[0]) == "" {
			t.Error("a table has no caption")
		}
		for _, head := range elements(table, "th") {
			if attribute(head, "scope") == "" {
				t.Errorf("the head %q is of no row or column", textOf(head))
			}
		}
		scroll := table.Parent
		if attribute(scroll, "tabindex") != "0" || attribute(scroll, "aria-label") == "" {
			t.Error("a table that is too wide cannot be reached by keyboard")
		}
	}
	for _, svg := range elements(root, "svg") {
		if attribute(svg, "role") != "img" || attribute(svg, "aria-label") == "" {
			t.Error("a picture says nothing")
		}
	}
}

// TestNamesAreText: what somebody calls a campaign is never markup.
func TestNamesAreText(t *testing.T) {
	p := busyPage()
	evil := `"><script>alert(1)</script>`
	p.Campaigns[0].Name, p.Experiments[0].Key, p.LedgerAway = evil, evil, ""
	p.Experiments[0].Runs[0].Variants[1].Name = evil
	p.Partners[0].Code, p.Mismatches[0].Campaign, p.Money[0].Currency = evil, evil, evil
	text, root := write(t, p)
	if len(elements(root, "script")) > 0 || !strings.Contains(textOf(root), evil) {
		t.Error("a name is markup")
	}
	if strings.Contains(text, "ZgotmplZ") {
		t.Error("the template refused a value")
	}
}

// TestFullShopHasABoundedPage: years of a big shop are a page that can be read, and it says what is
// left out.
func TestFullShopHasABoundedPage(t *testing.T) {
	p := busyPage()
	for n := range 2000 {
		name := fmt.Sprintf("campaign-%d", n)
		p.Campaigns = append(p.Campaigns, cli.Campaign{Name: name, State: "ended"})
		p.Money = append(p.Money, ledger.Figure{
			Day: "2026-11-20", Source: ledger.Source{Campaign: name}, Payments: 1, Revenue: 1,
			Currency: fmt.Sprintf("%c%c%c", 'A'+n%26, 'A'+n/26%26, 'A'+n/676),
		})
		p.Partners = append(p.Partners, Partner{Code: name, Revenue: "1", Refunds: "0", Share: "0"})
		p.Mismatches = append(p.Mismatches, Mismatch{name, "price", 1})
	}
	text, root := write(t, p)
	if len(text) > 200_000 {
		t.Errorf("the page has %d bytes", len(text))
	}
	page := textOf(root)
	for _, want := range []string{
		"And 1,965 campaigns that are not shown here: caddy checkout campaigns.",
		"And 1,996 currency codes that are not shown here", "And 1,983 lines that are not shown here",
		"And 1,952 lines that are not shown here: caddy checkout partners.",
		"And 1,981 lines that are not shown here: the metric caddy_checkout_mismatches_total.",
		"And 2 experiments that are not shown here: caddy checkout experiments.",
		"And 3 older runs that are not shown here: caddy checkout experiments bf-price.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestEmptyShopHasAPage: the first evening.
func TestEmptyShopHasAPage(t *testing.T) {
	_, root := write(t, Page{At: evening, Started: evening, Hears: true, Cache: Cache{Name: "memory"}})
	page := textOf(root)
	for _, want := range []string{
		"✓ All is well.", "No campaign is defined.", "No experiment yet.", "No payment yet.",
		"none yet since this Caddy started",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "Partners") {
		t.Error("there are partners on it")
	}
}
