package e2e_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// Characters that end a line, turn a text around or end a JSON string arrive as text, or not at
// all.
func TestAbuse13ControlCharacters(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for i, evil := range []string{
		"\r\nSet-Cookie: a=b", "\x00", "\x1b[31m", "\u202Eevil", "\u2028", "\u0085",
		`","customPrice":"0.01`, "</script>", "a\tb", "\x7f",
	} {
		email := person(i)
		token := tokenOf(claims(email, map[string]any{"name": "Ann" + evil}))
		got := s.Send(t, "/upgrade?from="+url.QueryEscape("mail"+evil), bearing(token))
		s.WantLinkOf(t, email, got)
		requests := s.Zotlo.Requests()
		call := requests[len(requests)-1]
		if call.Body["customPrice"] != nil || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q broke out", evil)
		}
		text, _ := call.Body["additionalText"].(string)
		from, _ := call.Body["customParameters"].(map[string]any)["from"].(string)
		// A parameter is for the shop's own backend: it is opaque, but for control characters.
		if strings.ContainsFunc(text, unprintable) ||
			strings.ContainsFunc(from, unicode.IsControl) ||
			!strings.HasPrefix(text, "Welcome, Ann") {
			t.Errorf("%q arrived as %q and %q", evil, text, from)
		}
	}
	for line := range strings.SplitSeq(strings.TrimSpace(s.Log.String()), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is broken: %q", line)
		}
	}
}

func unprintable(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) ||
		unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

func TestAbuse17PlaceholdersFromVisitors(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for i, text := range []string{
		"{env.JWT_SECRET}", "{file./etc/hostname}", "{env.ZOTLO_ACCESS_SECRET}",
		"{system.hostname}", "{{env.JWT_SECRET}}", "{http.checkout.claim.email}",
	} {
		email := person(i)
		token := tokenOf(claims(email, map[string]any{"name": text}))
		s.WantLinkOf(t, email, s.Send(t, "/upgrade?from="+url.QueryEscape(text), bearing(token)))
		links := s.Zotlo.Links()
		link := links[len(links)-1]
		if got := link.CustomParameters["from"]; got != text {
			t.Errorf("%q of a query arrived as %q", text, got)
		}
		if want := "Welcome, " + text; link.AdditionalText != want {
			t.Errorf("%q of a claim arrived as %q", text, link.AdditionalText)
		}
	}
	for _, call := range s.Zotlo.Requests() {
		shoptest.WantNone(t, "a call's body", string(call.Raw), shoptest.JWTSecret,
			sandbox.DefaultAccessSecret)
	}
}

func TestAbuse70MarkupInTexts(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	evil := `<script>alert("x")</script> & <img src=x onerror=alert(1)> \ ` + "`"
	s.WantLinkOf(t, ann,
		s.Send(t, "/upgrade", bearing(tokenOf(claims(ann, map[string]any{"name": evil})))))
	long := strings.Repeat("Ann ", 200)
	s.WantLinkOf(t, ben,
		s.Send(t, "/upgrade?from="+strings.Repeat("x", 300),
			bearing(tokenOf(claims(ben, map[string]any{"name": long})))))
	links := s.Zotlo.Links()
	text := links[0].AdditionalText
	if strings.ContainsAny(text, "<>\"&\\`") || !strings.Contains(text, "script") {
		t.Errorf("sent %q", text)
	}
	if n := utf8.RuneCountInString(links[1].AdditionalText); n != 250 {
		t.Errorf("a text of %d characters was sent", n)
	}
	if from, sent := links[1].CustomParameters["from"]; sent {
		t.Errorf("a parameter of 300 characters was sent: %v", from)
	}
	refusesToLoad(t, fragment("campaign", "custom_parameter checkout mine"), "checkout")
}
