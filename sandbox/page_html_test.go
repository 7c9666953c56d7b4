package sandbox_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestPageKeepsToItself(t *testing.T) {
	s := open(t, sandbox.Config{SuccessURL: "https://shop.example.com/account"})
	url := s.link(t, fields{
		"subscriberId": "ada@example.com",
		"productImage": "https://img.example.com/a.png",
	})
	_, page, header := s.get(t, url)
	loads := regexp.MustCompile(`(?:src|href)="[^"]*"|url\([^)]*\)|@import`)
	if m := loads.FindAllString(page, -1); !cmp.Equal(m, []string{`href="data:,"`}) {
		t.Errorf("the page loads %q", m)
	}
	if !strings.Contains(page, "https://img.example.com/a.png") {
		t.Error("the foreign image is not even named")
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex",
		"Content-Type": "text/html; charset=utf-8",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	policy := header.Get("Content-Security-Policy")
	nonce := regexp.MustCompile(`'nonce-([^']+)'`).FindStringSubmatch(policy)
	if nonce == nil || !strings.HasPrefix(policy, "default-src 'none'") ||
		strings.Count(page, `nonce="`+nonce[1]+`"`) != 2 {
		t.Errorf("policy %q does not fit the page", policy)
	}

	own := s.link(t, fields{"productImage": s.url + "/a.png"})
	_, page, header = s.get(t, own)
	if !strings.Contains(page, `<img class="picture" src="`+s.url+`/a.png"`) ||
		!strings.Contains(header.Get("Content-Security-Policy"), "img-src data: "+s.url+";") {
		t.Errorf("an image of the same host is not shown:\n%s", page)
	}
}

// The rules of accessibility that can be read off the source.
func TestPageIsAccessible(t *testing.T) {
	s := open(t, sandbox.Config{})
	pages := []string{
		s.link(t, nil), s.link(t, fields{"subscriberId": "ada@example.com"}),
		s.url + "/pay/none", s.salesURL(), s.salesURL() + "sales/none",
	}
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	pages = append(pages, s.salesURL()+"sales/"+p.TransactionID)
	for _, url := range pages {
		_, page, _ := s.get(t, url)
		for _, part := range []string{
			`<html lang="en">`, `name="viewport" content="width=device-width, initial-scale=1"`,
			"<title>", "<h1", "<main",
			"prefers-color-scheme: dark", ":focus-visible",
		} {
			if !strings.Contains(page, part) {
				t.Errorf("%s lacks %q", url, part)
			}
		}
		inputs := regexp.MustCompile(`<input type="text" id="(\w+)"`)
		for _, m := range inputs.FindAllStringSubmatch(page, -1) {
			if !strings.Contains(page, `<label for="`+m[1]+`">`) {
				t.Errorf("%s: input %s has no label", url, m[1])
			}
		}
	}
}

// Every text is readable on its ground, in light and in dark: WCAG 2.2 asks for
// a contrast of 4.5.
func TestColoursHaveContrast(t *testing.T) {
	s := open(t, sandbox.Config{})
	_, page, _ := s.get(t, s.link(t, nil))
	light, dark, ok := strings.Cut(page, "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("no dark colours")
	}
	for mode, css := range map[string]string{"light": light, "dark": dark} {
		colours := make(map[string]string)
		named := regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6})`)
		for _, m := range named.FindAllStringSubmatch(css, -1) {
			colours[m[1]] = m[2]
		}
		for _, pair := range [][2]string{
			{"text", "card"},
			{"text", "page"},
			{"muted", "card"},
			{"muted", "page"},
			{"pay-text", "pay"},
			{"warn-text", "warn"},
			{"own-text", "own"},
			{"base-text", "base"},
			{"bad-text", "bad"},
		} {
			a, b := luminance(t, colours[pair[0]]), luminance(t, colours[pair[1]])
			if c := (max(a, b) + 0.05) / (min(a, b) + 0.05); c < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", mode, pair[0], pair[1], c)
			}
		}
	}
}

// luminance is the relative luminance of WCAG for a colour like fff or 1c1f26.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	rgb, err := strconv.ParseUint(hex, 16, 24)
	if err != nil || len(hex) != 6 {
		t.Fatalf("colour %q: %v", hex, err)
	}
	part := func(shift uint) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
