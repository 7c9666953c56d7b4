package ledger_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mathext"

	"github.com/caddy-checkout/checkout/ledger"
)

func TestSplitBroken(t *testing.T) {
	half, thirds := []float64{0.5, 0.5}, []float64{33.34, 33.33, 33.33}
	for _, tt := range []struct {
		name   string
		people []int64
		shares []float64
		broken bool
	}{
		{"nobody", []int64{0, 0}, half, false},
		{"one person", []int64{1, 0}, half, false},
		{"as configured", []int64{500_000, 500_000}, half, false},
		{"by chance", []int64{10_200, 9_800}, half, false},
		{"52:48 of 20,000", []int64{10_400, 9_600}, half, true},
		{"52:48 of 2,000", []int64{1_040, 960}, half, false},
		{"everybody in one", []int64{200, 0}, half, true},
		{"shares in percent", []int64{9_000, 1_000}, []float64{90, 10}, false},
		{"the other way round", []int64{1_000, 9_000}, []float64{90, 10}, true},
		{"three", []int64{3_400, 3_300, 3_300}, thirds, false},
		{"one of three loses people", []int64{3_500, 3_500, 3_000}, thirds, true},
		{"a variant that nobody gets", []int64{100, 0}, []float64{1, 0}, false},
		{"and somebody got", []int64{100, 1}, []float64{1, 0}, true},
		{"one variant", []int64{100}, []float64{1}, false},
		{"no variant", nil, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ledger.SplitBroken(tt.people, tt.shares); got != tt.broken {
				t.Errorf("broken is %t", got)
			}
		})
	}
}

// TestSplitBreaksAtAThousandToOne looks for the first count that is called broken, and holds it
// against a Bayes factor that is computed another way: with two variants of equal shares it is
// B(k/2 + S₁, k/2 + S₂) / B(k/2, k/2) · 2ⁿ.
func TestSplitBreaksAtAThousandToOne(t *testing.T) {
	for _, all := range []int64{200, 2_000, 20_000, 2_000_000} {
		first := all / 2
		for !ledger.SplitBroken([]int64{first, all - first}, []float64{1, 1}) {
			first++
		}
		evidence := func(first int64) float64 {
			a, b := float64(first), float64(all-first)
			return math.Exp(mathext.Lbeta(500+a, 500+b) - mathext.Lbeta(500, 500) + (a+b)*math.Ln2)
		}
		if evidence(first) < 1000 || evidence(first-1) >= 1000 {
			t.Errorf("of %d people %d are too many: the evidence is %.1f, with one fewer %.1f",
				all, first, evidence(first), evidence(first-1))
		}
	}
}
