package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// heard is a part of a page as a screen reader meets it: "heading", "table", "image" and so on, and
// how it is called.
type heard struct{ role, name string }

// reads is the page's accessibility tree, in the order in which it is read.
func (b *tab) reads() (list []heard) {
	b.t.Helper()
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree,
		accessibility.GetFullAXTreeParams{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		text := func(v *accessibility.Value) string {
			if v == nil {
				return ""
			}
			return strings.Trim(string(v.Value), `"`)
		}
		list = append(list, heard{text(n.Role), text(n.Name)})
	}
	return list
}

// TestBrowserReportReadsAloud: a screen reader meets the sections as headings, tables by their
// captions, and pictures in words.
func TestBrowserReportReadsAloud(t *testing.T) {
	d := open(t, false)
	prepare(t, d)
	b := sit(t, d)
	b.open("/")
	b.press("The operators’ report")
	b.arrives("/report")
	list := b.reads()
	var headings []string
	roles := map[string]int{}
	for _, h := range list {
		roles[h.role]++
		switch h.role {
		case "heading":
			headings = append(headings, h.name)
		case "table", "image", "region":
			if h.name == "" {
				t.Errorf("a %s has no name", h.role)
			}
		}
	}
	for _, want := range []string{
		"Checkout report", "Now and next", "Experiments", "Money, last 30 days", "How it is",
	} {
		i := slices.Index(headings, want)
		if i < 0 {
			t.Fatalf("%q does not come next in %q", want, headings)
		}
		headings = headings[i+1:]
	}
	for _, role := range []string{"main", "table", "image", "columnheader", "rowheader"} {
		if roles[role] == 0 {
			t.Errorf("there is no %s in the tree: %v", role, roles)
		}
	}
	if !slices.ContainsFunc(list, func(h heard) bool {
		return h.role == "image" && strings.HasPrefix(h.name, "EUR came in on 1 day of 30")
	}) {
		t.Error("the picture of the money does not say what it shows")
	}
}

// TestBrowserReportKeepsItsPolicy: the page's own policy lets its style in, in light and in dark, and
// nothing on the page offends it. On a phone nothing but a table is wider than the screen.
func TestBrowserReportKeepsItsPolicy(t *testing.T) {
	d := open(t, false)
	prepare(t, d)
	b := sit(t, d)
	complaints := make(chan string, 100)
	if err := chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok {
			select {
			case complaints <- e.Entry.Text:
			default:
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	for scheme, paper := range map[string]string{
		"light": "rgb(251, 250, 247)", "dark": "rgb(21, 24, 27)",
	} {
		b.scheme(scheme)
		b.phone()
		b.open("/report")
		b.sees("Checkout report")
		if got := js[string](b, "getComputedStyle(document.body).backgroundColor"); got != paper {
			t.Errorf("the paper is %s in %s", got, scheme)
		}
		if width := js[int](b, "document.documentElement.scrollWidth"); width > 390 {
			t.Errorf("the page is %d wide on a phone", width)
		}
	}
	// The first complaint is about what the page itself does not have.
	js[bool](b, `(() => {
		document.body.append(Object.assign(new Image(), { src: "https://stranger.example/x.png" }));
		return true;
	})()`)
	select {
	case text := <-complaints:
		if !strings.Contains(text, "https://stranger.example/x.png") {
			t.Errorf("the browser complains: %s", text)
		}
	case <-time.After(enough):
		t.Error("the browser complains of nothing: this test listens to nothing")
	}
}
