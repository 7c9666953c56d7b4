package ledger_test

import (
	"math/rand/v2"
	"testing"

	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
)

// TestSimulationOfSplits looks 50 times at experiments that are split as configured, and at others
// that are not.
func TestSimulationOfSplits(t *testing.T) {
	for _, tt := range []struct {
		name        string
		configured  []float64
		truth       []float64
		least, most float64 // percent that are called broken by 20,000 people
	}{
		{"50:50", []float64{50, 50}, []float64{0.5, 0.5}, 0, 0.1},
		{"90:10", []float64{90, 10}, []float64{0.9, 0.1}, 0, 0.1},
		{"three", []float64{50, 25, 25}, []float64{0.5, 0.25, 0.25}, 0, 0.1},
		{"52:48 in place of 50:50", []float64{50, 50}, []float64{0.52, 0.48}, 90, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n, broken := testsize.Long(10_000), 0
			for seed := range uint64(n) {
				if looksBroken(seed+1, tt.configured, tt.truth, 20_000, 0) {
					broken++
				}
			}
			percent := 100 * float64(broken) / float64(n)
			t.Logf("%d experiments: %.2f%% broken", n, percent)
			if percent < tt.least-slack(tt.least, n) || percent > tt.most {
				t.Errorf("%.2f%% are called broken", percent)
			}
		})
	}
}

// looksBroken looks again and again at an experiment with so many people, of whom one in sampled is
// counted.
func looksBroken(
	seed uint64, configured, truth []float64, everybody, sampled int,
) bool {
	r := rand.New(rand.NewPCG(seed, 1))
	people := make([]int64, len(truth))
	for range looks {
		left, share := everybody/looks, 1.0
		for i, p := range truth {
			n := binomial(r, left, min(1, p/share))
			people[i] += int64(sample(r, n, sampled))
			left -= n
			share -= p
		}
		if ledger.SplitBroken(people, configured) {
			return true
		}
	}
	return false
}
