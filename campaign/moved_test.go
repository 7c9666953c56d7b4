package campaign

import (
	"math/rand/v2"
	"testing"
)

func TestMoved(t *testing.T) {
	exp := func(coverage string, list ...string) *ExperimentConfig {
		e := weights(list...)
		e.Coverage = coverage
		return e
	}
	reseeded := exp("", "50%", "50%")
	reseeded.Seed = "again"
	reseededThin := exp("10%", "50%", "50%")
	reseededThin.Seed = "again"
	rehashed := exp("", "50%", "50%")
	rehashed.HashAttribute = "org"
	renamed := exp("", "50%", "50%")
	renamed.Variants[1].Name = "z"
	other := exp("", "60%", "40%")
	other.Key = "other"
	swapped := exp("", "50%", "50%")
	swapped.Variants[0].Name, swapped.Variants[1].Name = "b", "a"

	half := exp("", "50%", "50%")
	for _, test := range []struct {
		name string
		a, b *ExperimentConfig
		want int
	}{
		{"nothing changed", half, half, 0},
		{"weights", half, exp("", "60%", "40%"), 1000},
		{"weights by a hair", half, exp("", "50.01%", "49.99%"), 1},
		{"coverage grows", exp("10%", "50%", "50%"), half, 0},
		{"coverage shrinks: users get no variant", half, exp("90%", "50%", "50%"), 1000},
		{"a variant more", half, exp("", "50%", "25%", "25%"), 2500},
		{"a variant less", exp("", "50%", "25%", "25%"), half, 2500},
		{"renamed", half, renamed, 5000},
		{"swapped", half, swapped, 10000},
		{"rehashed", half, reseeded, 5000},
		{"rehashed by another claim", half, rehashed, 5000},
		{"rehashed and thinned", half, reseededThin, 9500},
		{"another experiment", half, other, 0},
		{"no experiment any more", half, nil, 0},
		{"a first experiment", nil, half, 0},
	} {
		if got := load(t, Config{Experiment: test.a}).Moved(load(t, Config{Experiment: test.b})); got != test.want {
			t.Errorf("%s: %d basis points, want %d", test.name, got, test.want)
		}
	}
}

// TestMovedIsExact counts, bucket by bucket, for random splits.
func TestMovedIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := func() *Campaign {
		cuts := [3]int{r.IntN(10_001), r.IntN(10_001), 10_000}
		cuts[0], cuts[1] = min(cuts[0], cuts[1]), max(cuts[0], cuts[1])
		e := weights(formatPercent(cuts[0]), formatPercent(cuts[1]-cuts[0]), formatPercent(10_000-cuts[1]))
		e.Coverage = formatPercent(r.IntN(10_001))
		return load(t, Config{Experiment: e})
	}
	for range 100 {
		a, b := random(), random()
		want := 0
		for bucket := range 10_000 {
			if v := a.split.variant(bucket); v >= 0 && b.split.variant(bucket) != v {
				want++
			}
		}
		if got := a.Moved(b); got != want {
			t.Fatalf("Moved = %d, want %d, from %v to %v",
				got, want, a.split.ranges, b.split.ranges)
		}
	}
}
