package ledger_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"testing"

	"github.com/caddy-checkout/checkout/internal/testsize"
)

// oneIn is the part of all people whom a sample would count: those of 1/64 of all hashes.
const oneIn = 64

// TestSimulationOfASample plays experiments that count one person in 64, exactly, with 64 times as
// many people: no more false verdicts, no more intervals that miss, and what is there is found as
// often as by counting all of 1/64 of the people. docs/scale.md says what follows.
func TestSimulationOfASample(t *testing.T) {
	each(t, []shop{
		{
			name: "rate 5%", shares: half, rates: same(0.05, 2), perLook: 1200 * oneIn,
			sampled: oneIn,
		},
		{
			name: "rate 0.5%, 95:5", shares: []float64{0.95, 0.05}, rates: same(0.005, 2),
			perLook: 8000 * oneIn, sampled: oneIn,
		},
		{
			name: "money 2, refunds", shares: half, rates: same(0.01, 2), money: true, sigma: 2,
			perLook: 1000 * oneIn, refunds: 0.005, sampled: oneIn,
		},
	}, func(t *testing.T, n int, m measured) {
		if m.shown == 0 || m.verdicts > 5+slack(5, n) || m.missed > 5+slack(5, n) {
			t.Errorf("%.2f%% were shown, %.2f%% had a verdict, %.2f%% missed", m.shown, m.verdicts,
				m.missed)
		}
	})
	each(t, []shop{{
		name: "rate 5% and 6%", shares: half, rates: []float64{0.05, 0.06}, perLook: 1200 * oneIn,
		sampled: oneIn,
	}}, func(t *testing.T, n int, m measured) {
		if m.better < 80-slack(80, n) || m.missed > 5+slack(5, n) {
			t.Errorf("found in %.2f%%, missed in %.2f%%", m.better, m.missed)
		}
	})
}

// TestSimulationOfASampledSplit does the same for the split test. The negative control is a split
// that differs in so few of 100 people that only all of them together show it.
func TestSimulationOfASampledSplit(t *testing.T) {
	const everybody = 20_000 * oneIn
	equal, wrong, little := []float64{0.5, 0.5}, []float64{0.52, 0.48}, []float64{0.503, 0.497}
	for _, tt := range []struct {
		name        string
		truth       []float64
		sampled     int
		least, most float64 // percent that are called broken
	}{
		{"50:50, one in 64", equal, oneIn, 0, 0.1},
		{"52:48, one in 64", wrong, oneIn, 90, 100},
		{"50.3:49.7, all", little, 0, 90, 100},
		{"50.3:49.7, one in 64", little, oneIn, 0, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n, broken := testsize.Long(10_000), 0
			for seed := range uint64(n) {
				if looksBroken(seed+1, []float64{50, 50}, tt.truth, everybody, tt.sampled) {
					broken++
				}
			}
			percent := 100 * float64(broken) / float64(n)
			t.Logf("%d experiments: %.2f%% broken", n, percent)
			if percent < tt.least-slack(tt.least, n) || percent > tt.most+slack(tt.most, n) {
				t.Errorf("%.2f%% are called broken", percent)
			}
		})
	}
}

// TestSimulationOfSampleAndBuckets samples people by a keyed hash, as the ledger names them, and puts
// them into buckets by FNV, as campaigns do. If the two hashes knew of each other, the sample would
// be split otherwise than everybody.
func TestSimulationOfSampleAndBuckets(t *testing.T) {
	n := testsize.Long(5_000_000)
	var counted [2]int
	mac := hmac.New(sha256.New, []byte("the key of a simulation"))
	for i := range n {
		id := fmt.Sprintf("shopper-%07d@example.com", i)
		mac.Reset()
		mac.Write([]byte(id))
		if binary.LittleEndian.Uint64(mac.Sum(nil))%oneIn != 0 {
			continue
		}
		bucket := fnv.New32a()
		bucket.Write([]byte("price" + id))
		counted[bucket.Sum32()%10_000/5_000]++
	}
	all := float64(counted[0] + counted[1])
	deviations := math.Abs(float64(counted[0])-all/2) / math.Sqrt(all/4)
	t.Logf("of %d people %v are counted: %.2f standard deviations", n, counted, deviations)
	if share := all / float64(n); math.Abs(share*oneIn-1) > 5*math.Sqrt(oneIn/float64(n)) ||
		deviations > 4 {
		t.Errorf("%v of %d people", counted, n)
	}
}
