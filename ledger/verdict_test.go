package ledger_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
)

// onePrice is a tally of people of whom some paid the same price each.
func onePrice(people, buyers int64, price float64) ledger.Tally {
	b := float64(buyers)
	return ledger.Tally{people, buyers, b * price, b * price * price}
}

func TestGate(t *testing.T) {
	enough := ledger.BuyerTally(500, 50)
	for _, tt := range []struct {
		name  string
		tally ledger.Tally
		shown bool
	}{
		{"people and buyers", enough, true},
		{"a person too few", ledger.BuyerTally(499, 50), false},
		{"a buyer too few", ledger.BuyerTally(500, 49), false},
		{"nobody", ledger.Tally{}, false},
		{"one price", onePrice(500, 50, 9.99), true},
		{"refunds only", ledger.Tally{500, 50, -50, 50}, false},
		{"no money in this currency", ledger.Tally{500, 50, 0, 0}, false},
		{"five who paid in this currency", ledger.Tally{500, 50, 5, 5}, true},
		{"four of them", ledger.Tally{500, 50, 4, 4}, false},
		{"one purchase of a thousand times the rest", ledger.Tally{500, 50, 1049, 1000049}, false},
		{"no number", ledger.Tally{500, 50, math.NaN(), math.NaN()}, false},
		{"no number that is finite", ledger.Tally{500, 50, math.Inf(1), math.Inf(1)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, d := range []ledger.Difference{
				ledger.Compare(enough, tt.tally, 2), ledger.Compare(tt.tally, enough, 2),
			} {
				if (d.Verdict != ledger.TooEarly) != tt.shown {
					t.Errorf("the verdict is %q", d.Verdict)
				}
				nothing := ledger.Difference{Verdict: ledger.TooEarly}
				if d.Verdict == ledger.TooEarly && d != nothing {
					t.Errorf("numbers are shown too early: %+v", d)
				}
			}
		})
	}
}

// TestCompare holds the interval against values that were computed apart, with nothing but the
// formulas: see the steps of the first.
func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name             string
		control, variant ledger.Tally
		variants         int
		want             ledger.Difference
	}{
		{
			// x = 2000 ρ² = 2000 · (5.991465 + log 6.991465)/10000 = 1.587231
			// boundary = √(2.587231/1.587231 · log(2.587231/0.05²)) = 3.363889
			// variances: (104 − 100²/1000)/1000² + (134 − 130²/1000)/1000² = 0.0002111
			// margin = 3.363889 · √0.0002111 = 0.048875
			"10% and 13%",
			ledger.BuyerTally(1000, 100), ledger.BuyerTally(1000, 130), 2,
			ledger.Difference{0.03, -0.018875, 0.078875, ledger.NoDifferenceYet},
		},
		{
			"the same of three",
			ledger.BuyerTally(1000, 100), ledger.BuyerTally(1000, 130), 3,
			ledger.Difference{0.03, -0.022153, 0.082153, ledger.NoDifferenceYet},
		},
		{
			"better, in arms that are not alike",
			ledger.BuyerTally(20000, 1000), ledger.BuyerTally(5000, 350), 2,
			ledger.Difference{0.02, 0.007851, 0.032149, ledger.Better},
		},
		{
			"fewer buyers at a higher price are better",
			onePrice(20000, 1000, 10), onePrice(20000, 800, 20), 2,
			ledger.Difference{0.3, 0.200594, 0.399406, ledger.Better},
		},
		{
			"money, where the control's purchases are the more unequal",
			ledger.Tally{10000, 200, 2000, 60000},
			ledger.Tally{10000, 200, 1000, 6000},
			2,
			ledger.Difference{-0.1, -0.186049, -0.013951, ledger.Worse},
		},
		{
			"everybody buys",
			ledger.BuyerTally(500, 500), ledger.BuyerTally(500, 500), 2,
			ledger.Difference{0, -0.021807, 0.021807, ledger.NoDifferenceYet},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ledger.Compare(tt.control, tt.variant, tt.variants)
			if !near(got.Estimate, tt.want.Estimate) || !near(got.Low, tt.want.Low) ||
				!near(got.High, tt.want.High) || got.Verdict != tt.want.Verdict {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6*max(1, math.Abs(a), math.Abs(b)) }

func TestNobodysMeanIsNought(t *testing.T) {
	if mean := (ledger.Tally{}).Mean(); mean != 0 {
		t.Errorf("the mean is %v", mean)
	}
}

// randomTally is one that is behind the gate.
func randomTally(r *rand.Rand) ledger.Tally {
	t := ledger.Tally{People: 500 + r.Int64N(100_000)}
	t.Buyers = 50 + r.Int64N(min(t.People-50, 2000))
	for range t.Buyers {
		x := math.Exp(r.NormFloat64())
		t.Sum += x
		t.SumSquares += x * x
	}
	return t
}

func scaled(t ledger.Tally, by float64) ledger.Tally {
	t.Sum *= by
	t.SumSquares *= by * by
	return t
}

func times(t ledger.Tally, n int64) ledger.Tally {
	return ledger.Tally{t.People * n, t.Buyers * n, t.Sum * float64(n), t.SumSquares * float64(n)}
}

// TestLawsOfCompare holds what must be true of any two tallies.
func TestLawsOfCompare(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	opposite := map[ledger.Verdict]ledger.Verdict{
		ledger.Better: ledger.Worse, ledger.Worse: ledger.Better,
		ledger.NoDifferenceYet: ledger.NoDifferenceYet,
	}
	met := make(map[ledger.Verdict]int)
	for range 500 {
		a, b := randomTally(r), randomTally(r)
		d := ledger.Compare(a, b, 2)
		met[d.Verdict]++
		width := d.High - d.Low

		back := ledger.Compare(b, a, 2)
		if !near(back.Low, -d.High) || !near(back.High, -d.Low) ||
			back.Verdict != opposite[d.Verdict] {
			t.Fatalf("%+v and %+v: the other way round, %+v becomes %+v", a, b, d, back)
		}
		cents := ledger.Compare(scaled(a, 100), scaled(b, 100), 2)
		if !near(cents.Low, 100*d.Low) || !near(cents.High, 100*d.High) ||
			cents.Verdict != d.Verdict {
			t.Fatalf("%+v and %+v: in cents, %+v becomes %+v", a, b, d, cents)
		}
		if more := ledger.Compare(times(a, 2), times(b, 2), 2); more.High-more.Low >= width {
			t.Fatalf("%+v and %+v: twice the people make %+v of %+v", a, b, more, d)
		}
		if three := ledger.Compare(a, b, 3); three.High-three.Low <= width {
			t.Fatalf("%+v and %+v: of three variants, %+v becomes %+v", a, b, d, three)
		}
		skewedA, skewedB := a, b
		skewedA.SumSquares *= 1.1
		skewedB.SumSquares *= 1.1
		if wider := ledger.Compare(skewedA, skewedB, 2); wider.High-wider.Low <= width {
			t.Fatalf("%+v and %+v: more unequal purchases make %+v of %+v", a, b, wider, d)
		}
		if !near((d.Low+d.High)/2, d.Estimate) || !near(d.Estimate, b.Mean()-a.Mean()) {
			t.Fatalf("%+v and %+v: %+v is not around the difference", a, b, d)
		}
	}
	for verdict := range opposite {
		if met[verdict] < 20 {
			t.Errorf("%q was met %d times only", verdict, met[verdict])
		}
	}
}
