package campaign

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"Ada", "Ada"},
		{"O'Brien, 東京 👩‍👩‍👧 (50 %) {x}", "O'Brien, 東京 👩‍👩‍👧 (50 %) {x}"},
		{`<img src="x" onerror=alert(1)>`, "img src=x onerror=alert(1)"},
		{"&lt;b&gt;", "lt;bgt;"},
		{"a\\u003cb`c", "au003cbc"},
		{"a\x00b\tc\r\nd\x7fe\u0085f\u009fg", "abcdefg"},
		{"a\u2028b\u2029c\ufeffd", "abcd"},
		{"\u202emoc.live\u202c \u2066x\u2069 \u200e\u200f\u061cy", "moc.live x y"},
		{"a\xffb\xc3", "ab"},
		{"a\ufffdb", "a\ufffdb"},
	} {
		if got := clean(test.in); got != test.want {
			t.Errorf("clean(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestTextsCannotCarryMarkup(t *testing.T) {
	c := sells(t, Overrides{AdditionalText: `<i title="&">Hi {x}`, PackageName: "{x}", Title: "{x}", Description: "{x}", ButtonText: "{x}"})
	for _, f := range gets(t, c, sends("x", "\u202e<script>\"&\\`\x1b")).Fields {
		want := "script"
		if f.Name == "additionalText" {
			want = `<i title="&">Hi script` // what the operator wrote stays
		}
		if f.Value != want {
			t.Errorf("%s = %q, want %q", f.Name, f.Value, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		in   string
		n    int
		want string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc"},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äöü"},
		{"a😀b😀", 2, "a😀"},
		{"\xff\xff\xff", 2, "\xff\xff"},
	} {
		if got := cut(test.in, test.n); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.in, test.n, got, test.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{
		"Ada", `<b>"&\`, "\u202e\x00`", "a\xff\xc3(", "👩‍👩‍👧", strings.Repeat("<", 300),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if strings.ContainsAny(got, "<>\"&\\`") || strings.ContainsFunc(got, harmful) {
			t.Errorf("clean(%q) = %q", s, got)
		}
		if !utf8.ValidString(got) {
			t.Errorf("clean(%q) = %q is not UTF-8", s, got)
		}
		if clean(got) != got {
			t.Errorf("clean is not done after one pass over %q", s)
		}
		if short := cut(got, 100); utf8.RuneCountInString(short) > 100 || !strings.HasPrefix(got, short) {
			t.Errorf("cut(%q) = %q", got, short)
		}
	})
}
