package main

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/testsize"
)

// usualLab reckons with the committed figures and the flags as they are by default.
func usualLab() *lab { return &lab{settings: settings{mail: 10e6, allows: 1000, cores: 2}} }

// TestScalePageIsWhatTheModelSays holds docs/scale.md against the model and the committed figures.
// After a change of either, print the tables with `go run ./bench -run scale -md`.
func TestScalePageIsWhatTheModelSays(t *testing.T) {
	page, err := os.ReadFile("../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	text := squeezed(string(page))
	l := usualLab()
	c, err := l.constants()
	if err != nil {
		t.Fatal(err)
	}
	tables := []table{l.sizes(c), l.limits(c)}
	if !testsize.Race {
		tables = append(tables, l.hours(c))
	}
	for _, table := range tables {
		var b bytes.Buffer
		table.print(&b, true)
		for line := range strings.Lines(b.String()) {
			if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| --") &&
				!strings.Contains(text, squeezed(line)) {
				t.Errorf("docs/scale.md lacks\n%s", line)
			}
		}
	}
}

// squeezed is a text whose lines have single blanks.
func squeezed(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}

func TestStoriesKeepTheirAccount(t *testing.T) {
	l := usualLab()
	c, err := l.constants()
	if err != nil {
		t.Fatal(err)
	}
	stories := l.stories(c)
	if testsize.Race {
		stories = stories[:1]
	}
	for i, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			r := s.world.Run()
			if sum := r.Served + r.Lost + r.Waiting; math.Abs(sum-l.mail) > 1 || r.Waiting > 1 {
				t.Errorf("%.0f of %.0f shoppers: %+v", sum, l.mail, r)
			}
			if answered := r.Calls - r.Refused; answered > s.world.Provider*(s.world.Length+1) {
				t.Errorf("%.0f calls were answered: %+v", answered, r)
			}
			if i == 0 && (r.TurnedAway > 0 || r.Served < l.mail-1 || r.MostNode > 0.6) {
				t.Errorf("the fleet is not large enough: %+v", r)
			}
		})
	}
}

func TestModelWantsAllFigures(t *testing.T) {
	r, err := readResults("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := costsOf(r); err != nil {
		t.Fatal(err)
	}
	delete(r, redisMiss)
	if _, err := costsOf(r); err == nil || !strings.Contains(err.Error(), redisMiss) {
		t.Errorf("error %v, want one that names what is missing", err)
	}
}

func TestScaleRefusesWhatIsNoNumberOfShoppers(t *testing.T) {
	for _, s := range []settings{{}, {mail: 1e6, cores: 2}, {mail: 1e6, allows: 100}} {
		if _, err := measureScale(t.Context(), &lab{settings: s}); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

func TestRound(t *testing.T) {
	for n, want := range map[float64]string{
		0.333: "0.33", 1: "1", 42: "42", 999.4: "999", 1389: "1,390", 13_889: "13,900",
		614_400: "614,000", 1e8: "100,000,000",
	} {
		if got := round(n); got != want {
			t.Errorf("%v is %s, want %s", n, got, want)
		}
	}
}
