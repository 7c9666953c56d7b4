package campaign

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEmbedderBringsItsOwnTemplates(t *testing.T) {
	dollar := func(text string) ([]Part, error) {
		if key, ok := strings.CutPrefix(text, "$"); ok {
			return []Part{{Key: key}}, nil
		}
		return []Part{{Literal: text}}, nil
	}
	c, err := New(Config{Name: "pro", Overrides: Overrides{LinkID: "1", PackageName: "$x", Title: "{x}"}}, Options{ParseTemplate: dollar})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]field{{"packageName", "value"}, {"title", "{x}"}}, gets(t, c, sends("x", "value")).Fields); diff != "" {
		t.Error(diff)
	}
}

// TestWithoutAParserABraceIsAnError: a shopper would read what was meant to be filled in.
func TestWithoutAParserABraceIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"Pro":       "",
		"Hi {name}": `campaign pro: title: has a brace, but nothing reads placeholders here: set Options.ParseTemplate`,
		"Hi }":      `campaign pro: title: has a brace, but nothing reads placeholders here: set Options.ParseTemplate`,
	} {
		_, err := New(Config{Name: "pro", Overrides: Overrides{LinkID: "1", Title: text}}, Options{})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("title %q: %v, want %s", text, err, want)
		}
	}
}

func TestValuesAreNeverExpandedAgain(t *testing.T) {
	v := sends("x", "{secret}", "secret", "S3CRET", "env.KEY", "S3CRET")
	for _, name := range []string{
		"package_name", "additional_text", "title", "theme", "field", "custom_parameter", "mmp",
	} {
		o := gets(t, sells(t, saying(name, "{x} {x}")), v)
		all := append(slices.Clone(o.Fields), o.Parameters...)
		if len(all) != 1 || all[0].Value != "{secret} {secret}" {
			t.Errorf("%s: %+v", name, all)
		}
	}
	// A value that completes what the operator began is no placeholder either.
	o := gets(t, sells(t, Overrides{Title: `\{secret{x}`}), sends("x", "}", "secret", "S3CRET"))
	if o.Fields[0].Value != "{secret}" {
		t.Errorf("title = %q", o.Fields[0].Value)
	}
}
