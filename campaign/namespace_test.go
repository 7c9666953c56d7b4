package campaign

import (
	"strings"
	"testing"
)

// TestNamespaceVectors holds GrowthBook's own cases of inNamespace.
func TestNamespaceVectors(t *testing.T) {
	for _, test := range []struct {
		id, name, from, to string
		want               bool
	}{
		{"1", "namespace1", "0%", "40%", false},
		{"1", "namespace1", "40%", "100%", true},
		{"1", "namespace2", "0%", "40%", false},
		{"1", "namespace2", "40%", "100%", true},
		{"2", "namespace1", "0%", "40%", false},
		{"2", "namespace1", "40%", "100%", true},
		{"2", "namespace2", "0%", "40%", false},
		{"2", "namespace2", "40%", "100%", true},
		{"3", "namespace1", "0%", "40%", false},
		{"3", "namespace1", "40%", "100%", true},
		{"3", "namespace2", "0%", "40%", true},
		{"3", "namespace2", "40%", "100%", false},
		{"4", "namespace1", "0%", "40%", false},
		{"4", "namespace1", "40%", "100%", true},
		{"4", "namespace2", "0%", "40%", true},
		{"4", "namespace2", "40%", "100%", false},
	} {
		n, err := (&NamespaceConfig{test.name, test.from, test.to}).compile()
		if err != nil {
			t.Fatal(err)
		}
		if got := n.has(test.id); got != test.want {
			t.Errorf("%s in %s from %s to %s: %v", test.id, test.name, test.from, test.to, got)
		}
	}
}

// inNamespace is an experiment over a part of a namespace.
func inNamespace(key, name, from, to string) *ExperimentConfig {
	e := weights("50%", "50%")
	e.Key, e.Namespace = key, &NamespaceConfig{name, from, to}
	return e
}

// TestDisjointNamespaces: experiments with disjoint ranges share nobody, and together have
// everybody; who is outside of one gets the campaign alone, and is not counted.
func TestDisjointNamespaces(t *testing.T) {
	a := load(t, Config{Experiment: inNamespace("a", "shop", "0%", "33.3%")})
	b := load(t, Config{Experiment: inNamespace("b", "shop", "33.3%", "100%")})
	users, inA := ids(100_000), 0
	for _, id := range users {
		first, second := gets(t, a, user(id)), gets(t, b, user(id))
		if (first.Variant == "") == (second.Variant == "") {
			t.Fatalf("%s is in %q and in %q", id, first.Variant, second.Variant)
		}
		for _, o := range []*Offer{first, second} {
			if o.Counted != (o.Variant != "") || o.Variant == "" && o.Reason != reasonDisabled {
				t.Fatalf("%s: %+v", id, o)
			}
		}
		if first.Counted {
			inA++
		}
	}
	withinBound(t, "the namespace", inA, len(users), 0.333)

	// The halves of those inside are as large as ever: the two hashes are independent.
	control, inside := 0, 0
	for _, id := range users {
		switch o := gets(t, a, user(id)); {
		case o.Variant == "a":
			control++
			inside++
		case o.Counted:
			inside++
		}
	}
	withinBound(t, "the control inside of the namespace", control, inside, 0.5)
}

func TestNamespaceMistakes(t *testing.T) {
	for want, n := range map[string]NamespaceConfig{
		`namespace "": name must be`:                        {"", "0%", "50%"},
		`namespace "a b": name must be`:                     {"a b", "0%", "50%"},
		`"0.25%" must be a percentage from 0% to 100% with`: {"n", "0.25%", "50%"},
		`"50" must be a percentage`:                         {"n", "0%", "50"},
		`the range from 50% to 50% is empty`:                {"n", "50%", "50%"},
		`the range from 60% to 50% is empty`:                {"n", "60%", "50%"},
		`"100.1%" must be`:                                  {"n", "0%", "100.1%"},
	} {
		e := weights("100%")
		e.Namespace = &n
		_, err := New(Config{Name: "c", Overrides: Overrides{LinkID: "1"}, Experiment: e}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "campaign c: experiment e: namespace ") {
			t.Errorf("%+v: %v, want %s", n, err, want)
		}
	}
	e := weights("100%")
	e.Namespace = &NamespaceConfig{"n", "0%", "50%"}
	e.Variants[0].LinkID = "1"
	_, err := New(Config{Name: "c", Experiment: e}, Options{})
	if err == nil || !strings.Contains(err.Error(), "outside of namespace n users get no variant") {
		t.Errorf("a link id in the variants alone: %v", err)
	}
}

func TestSharesNamespace(t *testing.T) {
	of := func(name string, e *ExperimentConfig) *Campaign { return load(t, Config{Name: name, Experiment: e}) }
	first := of("one", inNamespace("a", "shop", "0%", "50%"))
	for name, test := range map[string]struct {
		other        *ExperimentConfig
		warning, err string
	}{
		"disjoint":      {other: inNamespace("b", "shop", "50%", "100%")},
		"another name":  {other: inNamespace("b", "mail", "0%", "100%")},
		"no namespace":  {other: weights("100%")},
		"no experiment": {},
		"overlap": {
			other:   inNamespace("b", "shop", "40%", "100%"),
			warning: "experiments a and b share the users from 40% to 50% of namespace shop",
		},
		"attributes": {
			other: func() *ExperimentConfig {
				e := inNamespace("b", "shop", "50%", "100%")
				e.HashAttribute = "email"
				return e
			}(),
			err: "campaign one: experiment a: namespace shop: hash_attribute is the default, and in " +
				"experiment b it is email",
		},
	} {
		warning, err := first.SharesNamespace(of("two", test.other))
		if !strings.HasPrefix(warning, test.warning) || (warning == "") != (test.warning == "") ||
			(err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%s: %q, %v", name, warning, err)
		}
	}
}

// TestMovedByNamespace: who leaves a namespace loses their variant, who joins has lost nothing.
func TestMovedByNamespace(t *testing.T) {
	of := func(name, from, to string) *Campaign {
		e := inNamespace("e", name, from, to)
		return load(t, Config{Experiment: e})
	}
	all := load(t, Config{Experiment: weights("50%", "50%")})
	for _, test := range []struct {
		from, to *Campaign
		want     int
	}{
		{of("n", "0%", "50%"), of("n", "0%", "100%"), 0},
		{of("n", "0%", "50%"), of("n", "25%", "75%"), 2500},
		{of("n", "0%", "50%"), of("n", "50%", "100%"), 5000},
		{of("n", "0%", "50%"), of("m", "0%", "50%"), 2500},
		{of("n", "0%", "50%"), all, 0},
		{all, of("n", "0%", "50%"), 5000},
	} {
		if got := test.from.Moved(test.to); got != test.want {
			t.Errorf("%+v to %+v: %d, want %d", test.from.split.namespace, test.to.split.namespace, got, test.want)
		}
	}
}
