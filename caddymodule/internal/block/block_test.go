package block

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// read reads the block of a text such as "limits {\n…\n}" with the grammar that is made for it.
func read(text, title string, grammar func(*Block) Options) error {
	d := caddyfile.NewTestDispenser(text)
	d.Next()
	b := New(d, title)
	return b.Read(grammar(b))
}

// wants checks that an error holds the texts; without texts there must be none.
func wants(t *testing.T, what string, err error, texts ...string) {
	t.Helper()
	if err == nil || len(texts) == 0 {
		if err != nil || len(texts) != 0 {
			t.Errorf("%s: %v, want %q", what, err, texts)
		}
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %q", what, err, text)
		}
	}
}

func TestUnknownOptionIsNamedWithItsLine(t *testing.T) {
	grammar := func(b *Block) Options {
		return Options{"wait": b.Once, "rate": b.Once}
	}
	for _, tt := range []struct {
		title, option string
		want          []string
	}{
		{"limits", "rate", nil},
		{"limits", "speed", []string{
			`limits: unknown option "speed": known here are rate, wait, at Testfile:3`,
		}},
		{"limits", "campaign", []string{
			"known here are rate, wait: is the } of this block missing?, at Testfile:3",
		}},
		{"checkout", "languages", []string{ // nothing stands outside it
			`checkout: unknown option "languages": known here are rate, wait, at Testfile:3`,
		}},
	} {
		err := read(tt.title+" {\nwait\n"+tt.option+"\n}", tt.title, grammar)
		wants(t, tt.title+" > "+tt.option, err, tt.want...)
	}
}

func TestOptionIsGivenOnce(t *testing.T) {
	grammar := func(b *Block) Options {
		return Options{
			"wait": b.Once,
			"inner": func() error { // a block inside counts for itself
				inner := b.Inner("inner")
				return inner.Read(Options{"wait": inner.Once})
			},
		}
	}
	wants(t, "in two blocks", read("limits {\nwait\ninner {\nwait\n}\n}", "limits", grammar))
	wants(t, "twice", read("limits {\nwait\ninner {\n}\nwait\n}", "limits", grammar),
		`limits: "wait" is already given on line 2: keep one of them`, "Testfile:5")
	//nolint:dupword // that is the mistake
	wants(t, "twice inside", read("limits {\ninner {\nwait\nwait\n}\n}", "limits", grammar),
		`inner: "wait" is already given on line 3`, "Testfile:4")
}

// TestReadingStopsAtAnError: what stands below a mistake is not read.
func TestReadingStopsAtAnError(t *testing.T) {
	fault, below := errors.New("a fault"), false
	err := read("limits {\nwait\nrate\n}", "limits", func(*Block) Options {
		return Options{
			"wait": func() error { return fault },
			"rate": func() error { below = true; return nil },
		}
	})
	if !errors.Is(err, fault) || below {
		t.Errorf("%v, read on: %t", err, below)
	}
}

func TestName(t *testing.T) {
	for line, want := range map[string]string{
		"campaign pro":     "pro",
		"campaign":         "",
		"campaign a b":     "",
		`campaign ""`:      "",
		`campaign "a b"`:   "a b",
		"campaign pro {\n": "pro",
	} {
		d := caddyfile.NewTestDispenser(line)
		d.Next()
		got, err := New(d, "checkout").Name()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", line, got, err)
		}
		if want == "" {
			wants(t, line, err, "campaign takes one name: write `campaign <name> {`", "Testfile:1")
		}
	}
}

// TestCheckNamesTheOptionOnce: some rules begin with the option themselves.
func TestCheckNamesTheOptionOnce(t *testing.T) {
	d := caddyfile.NewTestDispenser("limits {\nrate 5\n}")
	d.Next()
	b := New(d, "limits")
	if err := b.Check("rate", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
	for text, want := range map[string]string{
		"5 is no rate":             "rate: 5 is no rate, at Testfile:1",
		"rate must not be 5":       "rate must not be 5, at Testfile:1",
		"the rate must not be %d":  "rate: the rate must not be %d, at Testfile:1",
		"rate 100% is not allowed": "rate 100% is not allowed, at Testfile:1",
	} {
		got := fmt.Sprint(b.Check("rate", errors.New(text)))
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
