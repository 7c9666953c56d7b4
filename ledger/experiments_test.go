package ledger_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	amounts "github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

// crowd is a ledger with an experiment, and many people in it.
type crowd struct {
	testing.TB
	ledger *ledger.Ledger
	run    ledger.Run
	first  time.Time
}

func newCrowd(t testing.TB, store ledger.Store, change func(*ledger.Run)) *crowd {
	secrets, err := ledger.NewSecrets([]byte("the secret of the crowd"))
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{TB: t, first: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	if c.ledger, err = ledger.Open(t.Context(), store, ledger.Config{Secrets: secrets}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.ledger.Close)
	c.run = ledger.Run{
		Campaign: "pro", Experiment: "bf", Settings: "1",
		Variants: []ledger.Share{{Variant: "control", Width: 50}, {Variant: "cheaper", Width: 50}},
	}
	change(&c.run)
	if err := c.ledger.Begin(t.Context(), []ledger.Run{c.run}, c.first); err != nil {
		t.Fatal(err)
	}
	return c
}

// come adds people of a day, and what each of them paid.
func (c *crowd) come(variant, day int, people int64, price string) {
	c.Helper()
	paid, _ := amounts.Parse(price)
	at := c.first.AddDate(0, 0, day)
	if err := c.ledger.Crowd(c.Context(), &c.run, variant, at, people, paid); err != nil {
		c.Fatal(err)
	}
}

// answer is what they have shown a year later.
func (c *crowd) answer() ledger.Experiment {
	c.Helper()
	all, err := c.ledger.Experiments(c.Context(), c.first.AddDate(1, 0, 0))
	if err != nil || len(all) != 1 {
		c.Fatalf("%v, %v", all, err)
	}
	return all[0]
}

// TestVerdicts: what a run is said to have shown.
func TestVerdicts(t *testing.T) {
	better := func(c *crowd) { // 5 % and 7 % buy; the control for three times the money
		c.come(0, 1, 9500, "")
		c.come(0, 1, 500, "15.00")
		c.come(1, 1, 9300, "")
		c.come(1, 2, 700, "5.00")
	}
	for name, test := range map[string]struct {
		run    func(*ledger.Run)
		people func(*crowd)
		of     ledger.Verdict // the run
		want   ledger.Verdict // the variant
		metric string         // of the difference; none without
	}{
		"better": {func(*ledger.Run) {}, better, "", ledger.Better, "rate"},
		"worse by money": {
			func(r *ledger.Run) { r.Metric = "revenue EUR" }, better, "", ledger.Worse, "revenue EUR",
		},
		"a currency that nobody pays in": {
			func(r *ledger.Run) { r.Metric = "revenue TRY" }, better, "", ledger.TooEarly, "",
		},
		"prices without a metric": {func(r *ledger.Run) { r.Priced = true }, better, "", "", "rate"},
		"prices with a metric": {
			func(r *ledger.Run) { r.Priced, r.Metric = true, "rate" }, better, "", ledger.Better, "rate",
		},
		"too early": {
			func(*ledger.Run) {},
			func(c *crowd) { c.come(0, 1, 600, "1.00"); c.come(1, 1, 499, "1.00") }, "", ledger.TooEarly, "",
		},
		"nobody": {func(*ledger.Run) {}, func(*crowd) {}, "", ledger.TooEarly, ""},
		"no difference yet": {
			func(*ledger.Run) {},
			func(c *crowd) {
				for v := range 2 {
					c.come(v, 1, 900, "")
					c.come(v, 1, 100, "1.00")
				}
			}, "", ledger.NoDifferenceYet, "rate",
		},
		"unreadable": {
			func(*ledger.Run) {},
			func(c *crowd) { better(c); c.come(0, 3, 2000, "") }, ledger.Unreadable, "", "",
		},
		"everybody in one variant": {
			func(*ledger.Run) {}, func(c *crowd) { c.come(0, 1, 1000, "") }, ledger.Unreadable, "", "",
		},
	} {
		c := newCrowd(t, memorystore.New(nil), test.run)
		test.people(c)
		run := c.answer().Runs[0]
		control, variant := run.Variants[0], run.Variants[1]
		metric := ""
		if variant.Difference != nil {
			metric = variant.Difference.Metric
		}
		if run.Verdict != test.of || variant.Verdict != test.want || metric != test.metric ||
			control.Verdict != "" || control.Difference != nil {
			t.Errorf("%s: %q, %q by %q; the first %+v", name, run.Verdict, variant.Verdict, metric, control)
		}
	}
}

// TestLatestExperiments: what runs comes before what is over, and what began last before what is
// older; what is left out is counted, and the figures are those of Experiments.
func TestLatestExperiments(t *testing.T) {
	c := newCrowd(t, memorystore.New(nil), func(*ledger.Run) {})
	begin := func(day int, settings ...string) {
		t.Helper()
		var runs []ledger.Run
		for i := 0; i < len(settings); i += 2 {
			r := c.run
			r.Campaign, r.Experiment, r.Settings = settings[i], settings[i], settings[i+1]
			runs = append(runs, r)
		}
		if err := c.ledger.Begin(t.Context(), runs, c.first.AddDate(0, 0, day)); err != nil {
			t.Fatal(err)
		}
	}
	begin(1, "old", "1")
	begin(2, "steady", "1", "recent", "1") // "old" is over, as "pro" of the crowd is
	begin(3, "steady", "1", "recent", "2")
	begin(4, "steady", "1", "recent", "3")
	begin(5, "steady", "1", "new", "1") // "recent" is over
	now := c.first.AddDate(0, 0, 30)
	all, err := c.ledger.Experiments(t.Context(), now)
	if err != nil || len(all) != 5 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, tt := range []struct {
		experiments, runs int
		want              string
		leftOut           int
	}{
		{1, 9, "new/1+0 ", 4},
		{2, 9, "new/1+0 steady/1+0 ", 3},
		{3, 2, "new/1+0 recent/2+1 steady/1+0 ", 2},
		{4, 1, "new/1+0 old/1+0 recent/1+2 steady/1+0 ", 1},
		{0, 1, "", 5},
	} {
		latest, leftOut, err := c.ledger.LatestExperiments(t.Context(), now, tt.experiments, tt.runs)
		got := ""
		for _, e := range latest {
			got += fmt.Sprint(e.Key, "/", len(e.Runs), "+", e.Older, " ")
			i := slices.IndexFunc(all, func(a ledger.Experiment) bool { return a.Key == e.Key })
			if diff := cmp.Diff(all[i].Runs[:len(e.Runs)], e.Runs); diff != "" {
				t.Errorf("%s: -Experiments +LatestExperiments:\n%s", e.Key, diff)
			}
		}
		if err != nil || got != tt.want || leftOut != tt.leftOut {
			t.Errorf("%d of %d runs: %q and %d more, %v; want %q and %d", tt.experiments, tt.runs, got,
				leftOut, err, tt.want, tt.leftOut)
		}
	}
}

// TestExperimentJSON is the form that operators and programs read.
func TestExperimentJSON(t *testing.T) {
	c := newCrowd(t, memorystore.New(nil), func(r *ledger.Run) { r.Metric = "revenue EUR" })
	for v := range 2 {
		c.come(v, 1, 900, "")
		c.come(v, 1, 100, []string{"10.00", "10.05"}[v])
	}
	text, err := json.MarshalIndent(c.answer(), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
	"key": "bf",
	"campaign": "pro",
	"metric": "revenue EUR",
	"window": 1209600000000000,
	"runs": [
		{
			"since": "2026-01-01T00:00:00Z",
			"people": 2000,
			"unexposed": 0,
			"variants": [
				{
					"name": "control",
					"people": 1000,
					"open": 0,
					"buyers": 100,
					"rate": 0.1,
					"revenue": {
						"EUR": {
							"total": "1000.00",
							"per_person": "1.00"
						}
					}
				},
				{
					"name": "cheaper",
					"people": 1000,
					"open": 0,
					"buyers": 100,
					"rate": 0.1,
					"revenue": {
						"EUR": {
							"total": "1005.00",
							"per_person": "1.005"
						}
					},
					"difference": {
						"metric": "revenue EUR",
						"estimate": "0.005",
						"low": "-0.4574",
						"high": "0.4674"
					},
					"verdict": "no difference yet"
				}
			]
		}
	]
}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var back ledger.Experiment
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.MarshalIndent(back, "", "\t"); string(again) != string(text) {
		t.Errorf("read and written again:\n%s", again)
	}
}

// BenchmarkMillion is the answer for a million people, who came over a year to three variants and
// paid in three currencies.
func BenchmarkMillion(b *testing.B) {
	store, err := filestore.Open(filestore.Config{Path: filepath.Join(b.TempDir(), "ledger.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	c := newCrowd(b, store, func(r *ledger.Run) {
		r.Variants = append(r.Variants, ledger.Share{Variant: "third", Width: 50})
	})
	for day := range 365 {
		for v := range 3 {
			c.come(v, day, 870, "")
			c.come(v, day, 44, "9.99")
		}
	}
	for b.Loop() {
		if n := c.answer().Runs[0].People; n < 1_000_000 {
			b.Fatalf("%d people", n)
		}
	}
}
