package placeholder

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

func TestParseTemplateAgreesWithCaddy(t *testing.T) {
	repl := caddy.NewEmptyReplacer()
	repl.Map(func(key string) (any, bool) { return "<" + key + ">", true })
	for _, text := range []string{
		"", "plain", "{a}", "x{a}y{b.c}z", "{a}{a}", `\{a}`, `\{a\}`,
		"{a", "a}", "{{a}}", `{a\}b}`, "{a {b}", `\{env.{query.x}`,
	} {
		tmpl, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var ours strings.Builder
		for _, part := range tmpl {
			if part.Key == "" {
				ours.WriteString(part.Literal)
				continue
			}
			ours.WriteString("<" + part.Key + ">")
		}
		if theirs := repl.ReplaceAll(text, ""); theirs != ours.String() {
			t.Errorf("%q: %q, Caddy says %q", text, ours.String(), theirs)
		}
	}
	for _, text := range []string{"a\x00b", "{}", "a {} b"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
