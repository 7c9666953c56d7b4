package block

import (
	"fmt"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"
)

// valuesRead are what the options of TestValues were read into.
type valuesRead struct {
	text       string
	more, list []string
	length     caddy.Duration
	leeway     caddy.Duration
	count      int
	at         time.Time
	on         bool
}

func (v *valuesRead) grammar(b *Block) Options {
	return Options{
		"text":   func() error { return b.Text(&v.text) },
		"more":   func() error { return b.More(&v.more) },
		"list":   func() error { return b.List(&v.list) },
		"length": func() error { return b.Duration(&v.length) },
		"leeway": func() error { return b.DurationOrZero(&v.leeway) },
		"count":  func() error { return b.Count(&v.count) },
		"at":     func() error { return b.Instant(&v.at) },
		"flag":   func() error { return b.Flag(&v.on) },
	}
}

func TestValues(t *testing.T) {
	for _, tt := range []struct{ lines, want string }{
		{`text "a b"`, ""},
		{"text", "text takes one value, not 0: write `text <value>`, in quotes if it holds blanks"},
		{"text a b", "text takes one value, not 2"},
		{"text a\ntext a", `"text" is already given on line 2`},

		{"more a\nmore b", ""},
		{"more", "more takes one value, not 0: repeat the option for another"},
		{"more a b", "more takes one value, not 2"},

		{"list a b", ""},
		{"list", "list needs at least one value"},
		{"list a\nlist b", `"list" is already given on line 2`},

		{"length 1d", ""},
		{"length 0", `length: "0" is no time at all`},
		{"length 0s", `length: "0s" is no time at all`},
		{"length -1s", `length: "-1s" is negative`},
		{"length 5", `length: "5" is not a duration`},
		{"length", "length takes one value, not 0"},
		{"leeway 0s", ""},
		{"leeway -1s", `leeway: "-1s" is negative`},
		{"leeway soon", `leeway: "soon" is not a duration`},

		{"count 5", ""},
		{"count 0", `count: "0" is not a positive whole number`},
		{"count -1", `count: "-1" is not a positive whole number`},
		{"count 1.5", `count: "1.5" is not a positive whole number`},
		{"count 99999999999999999999", "is not a positive whole number"},

		{"at 2026-11-27T00:00:00+01:00", ""},
		{"at 2026-11-27T00:00:00", "is not an instant with its zone"},
		{"at 2026-11-27", "is not an instant with its zone"},
		{"at", "at takes one value, not 0"},

		{"flag", ""},
		{"flag on", "flag takes no value"},
		//nolint:dupword // that is the mistake
		{"flag\nflag", `"flag" is already given on line 2`},
	} {
		err := read("limits {\n"+tt.lines+"\n}", "limits", new(valuesRead).grammar)
		if tt.want == "" {
			wants(t, tt.lines, err)
		} else {
			wants(t, tt.lines, err, tt.want, ", at Testfile:")
		}
	}
}

func TestValuesAreReadAsWritten(t *testing.T) {
	var got valuesRead
	err := read(`limits {
	text "a b"
	more b
	more a
	list b a
	length 1d
	leeway 0s
	count 5
	at 2026-11-27T00:00:00+01:00
	flag
}`, "limits", got.grammar)
	if err != nil {
		t.Fatal(err)
	}
	want := valuesRead{
		text: "a b", more: []string{"b", "a"}, list: []string{"b", "a"},
		length: caddy.Duration(24 * time.Hour), count: 5,
		at: time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC), on: true,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(valuesRead{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestValuesForLoadAreLocated: an error that is found when the configuration is loaded still says
// where the text stands.
func TestValuesForLoadAreLocated(t *testing.T) {
	var text string
	var more, list []string
	err := read(`jwt {
	text {env.A}
	more {env.B}
	more {env.C}
	list {env.D} {env.E}
}`, "jwt", func(b *Block) Options {
		return Options{
			"text": func() error { return b.TextAtLoad(&text) },
			"more": func() error { return b.MoreAtLoad(&more) },
			"list": func() error { return b.ListAtLoad(&list) },
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		option, value string
		line          int
	}{
		{"text", text, 2},
		{"more", more[0], 3},
		{"more", more[1], 4},
		{"list", list[0], 5},
		{"list", list[1], 5},
	} {
		err := Locate(tt.option, tt.value, fmt.Errorf("%s: the variable is not set", tt.option))
		wants(t, tt.value, err, fmt.Sprintf("is not set, at Testfile:%d", tt.line))
	}
}
