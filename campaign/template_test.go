package campaign

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTemplate(t *testing.T) {
	for text, want := range map[string]Template{
		"":                    nil,
		"plain":               {{Literal: "plain"}},
		"{x}":                 {{Key: "x"}},
		"a {x}{y} b":          {{Literal: "a "}, {Key: "x"}, {Key: "y"}, {Literal: " b"}},
		`\{x\}`:               {{Literal: "{x}"}},
		`a\b \\{x}`:           {{Literal: `a\b \{x}`}},
		"}":                   {{Literal: "}"}},
		"{x}}":                {{Key: "x"}, {Literal: "}"}},
		`trailing \`:          {{Literal: `trailing \`}},
		"{claim.https://x/y}": {{Key: "claim.https://x/y"}},
	} {
		got, err := ParseTemplate(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("ParseTemplate(%q): %v (-want +got):\n%s", text, err, diff)
		}
	}
	for text, want := range map[string]string{
		"a {x":    `placeholder is not closed; write \{ for a brace`,
		"{":       `placeholder is not closed; write \{ for a brace`,
		"{}":      `placeholder {} has no name; write \{ for a brace`,
		"{a{b}":   `placeholder name "a{b" is malformed; write \{ for a brace`,
		"{ x }":   `placeholder name " x " is malformed; write \{ for a brace`,
		"{x\x00}": `placeholder name "x\x00" is malformed; write \{ for a brace`,
		`{x\}`:    `placeholder name "x\\" is malformed; write \{ for a brace`,
	} {
		if got, err := ParseTemplate(text); err == nil || err.Error() != want {
			t.Errorf("ParseTemplate(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"", "{x}", `\{x\}`, "a {x}{y} b", "{", "{}", `\\{x}`, "{a{b}}", "}\xff{é}"} {
		f.Add(seed)
	}
	escape := strings.NewReplacer("{", `\{`, "}", `\}`)
	f.Fuzz(func(t *testing.T, text string) {
		template, err := ParseTemplate(text)
		if err != nil {
			return
		}
		var again strings.Builder // the template as one would write it
		for i, part := range template {
			switch {
			case (part.Key == "") == (part.Literal == ""):
				t.Fatalf("part %d of %q is %+v", i, text, part)
			case part.Key != "":
				again.WriteString("{" + part.Key + "}")
			default:
				again.WriteString(escape.Replace(part.Literal))
			}
		}
		back, err := ParseTemplate(again.String())
		if diff := cmp.Diff(template, back); err != nil || diff != "" {
			t.Fatalf("%q was read as %q: %v (-want +got):\n%s", text, again.String(), err, diff)
		}
		if escaped, err := ParseTemplate(escape.Replace(text)); err != nil || !strings.Contains(text, `\`) && literal(escaped) != text {
			t.Fatalf("%q, escaped, became %v, %v", text, escaped, err)
		}
	})
}

// literal is the text of a template without placeholders.
func literal(t Template) string {
	text, _ := t.constant()
	return text
}
