package campaign

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestRun: what is another run, and what is not.
func TestRun(t *testing.T) {
	config := func(change func(*Config)) *Campaign {
		e := weights("50%", "50%")
		e.Variants[1].Title = "{x}"
		c := Config{Experiment: e, Overrides: Overrides{Quote: &Price{Amount: "5", Currency: "EUR"}}}
		change(&c)
		return load(t, c)
	}
	same := config(func(*Config) {}).Run()
	if len(same) != 16 || load(t, Config{}).Run() != "" {
		t.Fatalf("runs %q and %q", same, load(t, Config{}).Run())
	}
	for name, change := range map[string]func(*Config){
		"window":           func(c *Config) { c.Experiment.Window = time.Hour },
		"metric":           func(c *Config) { c.Experiment.Metric = "revenue EUR" },
		"name":             func(c *Config) { c.Name = "other" },
		"schedule":         func(c *Config) { c.From = time.Unix(1, 0) },
		"written weight":   func(c *Config) { c.Experiment.Variants[0].Weight = "50.00%" },
		"written coverage": func(c *Config) { c.Experiment.Coverage = "100%" },
		"written seed":     func(c *Config) { c.Experiment.Seed = "e" },
	} {
		if got := config(change).Run(); got != same {
			t.Errorf("%s makes another run", name)
		}
	}
	seen := map[string]string{same: "nothing"}
	for name, change := range map[string]func(*Config){
		"seed":             func(c *Config) { c.Experiment.Seed = "other" },
		"hash attribute":   func(c *Config) { c.Experiment.HashAttribute = "sub" },
		"namespace":        func(c *Config) { c.Experiment.Namespace = &NamespaceConfig{"n", "0%", "50%"} },
		"coverage":         func(c *Config) { c.Experiment.Coverage = "80%" },
		"weights":          func(c *Config) { c.Experiment.Variants[0].Weight, c.Experiment.Variants[1].Weight = "40%", "60%" },
		"variant's name":   func(c *Config) { c.Experiment.Variants[1].Name = "z" },
		"variant's text":   func(c *Config) { c.Experiment.Variants[1].Title = "{y}" },
		"campaign's text":  func(c *Config) { c.AdditionalText = "new" },
		"campaign's quote": func(c *Config) { c.Quote = &Price{Amount: "6", Currency: "EUR"} },
		"parameter":        func(c *Config) { c.CustomParameters = map[string]string{"k": "v"} },
	} {
		run := config(change).Run()
		if other, taken := seen[run]; taken {
			t.Errorf("%s makes the same run as %s", name, other)
		}
		seen[run] = name
	}
}

func TestPriced(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*VariantConfig)
		want   bool
	}{
		"nothing":    {func(*VariantConfig) {}, false},
		"text":       {func(v *VariantConfig) { v.Title = "new" }, false},
		"price":      {func(v *VariantConfig) { v.OneTimePrice = &Price{Amount: "4", Currency: "EUR"} }, true},
		"quote":      {func(v *VariantConfig) { v.Quote = &Price{Amount: "4", Currency: "EUR"} }, true},
		"package":    {func(v *VariantConfig) { v.Package = "p" }, true},
		"link id":    {func(v *VariantConfig) { v.LinkID = "other" }, true},
		"same again": {func(v *VariantConfig) { v.LinkID = "123" }, false},
	} {
		e := weights("50%", "50%")
		test.change(&e.Variants[1])
		c := load(t, Config{Overrides: Overrides{LinkID: "123"}, Experiment: e})
		if c.Priced() != test.want {
			t.Errorf("%s: %v", name, c.Priced())
		}
	}
	if load(t, Config{}).Priced() {
		t.Error("a campaign without an experiment")
	}
}

func TestOutcomeMistakes(t *testing.T) {
	for want, change := range map[string]func(*ExperimentConfig){
		"window 30s is too short: write one of a minute at least": func(e *ExperimentConfig) { e.Window = 30 * time.Second },
		"window -1h0m0s is too short":                             func(e *ExperimentConfig) { e.Window = -time.Hour },
		`metric "money" is none: write "metric rate"`:             func(e *ExperimentConfig) { e.Metric = "money" },
		`metric "revenue": revenue is in one currency`:            func(e *ExperimentConfig) { e.Metric = "revenue" },
		`metric "revenue euro": revenue is in one currency`:       func(e *ExperimentConfig) { e.Metric = "revenue euro" },
		`metric "revenueEUR" is none`:                             func(e *ExperimentConfig) { e.Metric = "revenueEUR" },
	} {
		e := weights("100%")
		change(e)
		_, err := New(Config{Name: "c", Overrides: Overrides{LinkID: "1"}, Experiment: e}, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), "campaign c: experiment e: "+want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestExperimentJSON: a window is nanoseconds or text, and what is unknown is a mistake.
func TestExperimentJSON(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`60000000000`: time.Minute, `"36h"`: 36 * time.Hour, `"14d"`: 14 * 24 * time.Hour,
		`"1d12h"`: 36 * time.Hour, `"0.5d"`: 12 * time.Hour,
	} {
		var e ExperimentConfig
		err := json.Unmarshal([]byte(`{"key":"k","window":`+text+`,"variant":[{"name":"a","weight":"100%","title":"x"}]}`), &e)
		if err != nil || e.Window != want || e.Key != "k" || e.Variants[0].Title != "x" {
			t.Errorf("%s: %+v, %v", text, e, err)
		}
		again, _ := json.Marshal(e)
		var back ExperimentConfig
		if err := json.Unmarshal(again, &back); err != nil || back.Window != want {
			t.Errorf("%s again: %s, %v", text, again, err)
		}
	}
	for _, text := range []string{
		`{"window":"soon"}`, `{"window":"d"}`, `{"window":true}`, `{"windows":1}`,
		`{"variant":[{"nam":"a"}]}`, `{"namespace":{"nam":"a"}}`, `[]`,
	} {
		if err := json.Unmarshal([]byte(text), new(ExperimentConfig)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}
