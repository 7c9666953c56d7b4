package ledger

import "math"

// Verdict says what an experiment has shown so far. The words are printed and stand in JSON: none
// is ever renamed.
type Verdict string

const (
	// TooEarly says that too little has been seen to speak of a difference at all: below 500 people
	// or 50 buyers in either variant, or, for money, where a handful of purchases carries the sum.
	TooEarly Verdict = "too early"
	// NoDifferenceYet says that the interval still holds zero: the variants may be equal.
	NoDifferenceYet Verdict = "no difference yet"
	// Better says that the whole interval is above zero.
	Better Verdict = "better"
	// Worse says that the whole interval is below zero.
	Worse Verdict = "worse"
	// Unreadable is the verdict on a run whose people are not split as configured: see SplitBroken.
	// Nothing else of such a run is to be believed.
	Unreadable Verdict = "unreadable"
)

// The gate: before it nothing is shown, because the intervals are exact in the limit only, and
// fewer people are too far from it. Waudby-Smith et al. (see sequence.go), Theorem 2.8, is about
// such a late start: the later it is, the closer is the coverage to what is promised.
//
// The third condition is about money alone: 50 small purchases and one of a thousand times their
// price say as little as one purchase. So do 50 buyers of whom all but one paid in another
// currency. Five are few: what is left of the error, differenceVariance makes up for. The metric
// rate and a single price always fulfil it.
const (
	gatePeople    = 500
	gateBuyers    = 50
	gateEffective = 5
)

// GatePeople and GateBuyers are what it takes of both variants before anything is compared: people
// whose window has closed, and buyers among them.
const (
	GatePeople = gatePeople
	GateBuyers = gateBuyers
)

// falseVerdicts is the chance that a run whose variants are all equal ever gets a verdict. The
// comparisons of one run share it (Bonferroni).
const falseVerdicts = 0.05

// Tally sums the outcomes of one variant's people: of those whose window has closed, and of nobody
// else. A person's window begins with their first exposure and has one length for all, so when they
// are added does not depend on what they did, nor on their variant.
type Tally struct {
	People int64
	// Buyers are the people with an outcome above 0.
	Buyers int64
	// Sum is the sum of the outcomes, and SumSquares that of their squares, person by person. An
	// outcome is money in one currency, less refunds, in any unit; or 1 for a buyer.
	Sum, SumSquares float64
}

// BuyerTally is the tally for the metric rate: each buyer's outcome is 1, each other's 0.
func BuyerTally(people, buyers int64) Tally {
	return Tally{people, buyers, float64(buyers), float64(buyers)}
}

// Mean is the outcome per person: a rate, or money per person. Nobody's is 0.
func (t Tally) Mean() float64 {
	if t.People == 0 {
		return 0
	}
	return t.Sum / float64(t.People)
}

// effective is how many buyers who all pay the same would tell as much about the mean: all of them
// if they do, about one if a single purchase outweighs the rest. Kish, Survey Sampling, 1965.
func (t Tally) effective() float64 { return t.Sum * t.Sum / t.SumSquares }

// readable reports whether the tally is behind the gate. What is no number is not.
func (t Tally) readable() bool {
	return t.People >= gatePeople && t.Buyers >= gateBuyers &&
		t.Sum > 0 && t.effective() >= gateEffective
}

// Difference is what a variant's outcome per person differs from the control's, in the unit of
// their tallies.
type Difference struct {
	Estimate float64
	// Low and High are an interval around the estimate. With a chance of 95 % all intervals of a
	// run hold the true differences, at every look, however often anyone looks and whatever makes
	// them stop.
	Low, High float64
	// Verdict follows from the interval. With TooEarly everything else is 0, and not to be shown.
	Verdict Verdict
}

// Compare compares a variant with the control, which is the first variant, in a run of that many
// variants, the control included. The tallies must be of the same kind. It may be called at any
// time and as often as one likes: the more people the narrower the interval, on the whole.
func Compare(control, variant Tally, variants int) Difference {
	if !control.readable() || !variant.readable() {
		return Difference{Verdict: TooEarly}
	}
	alpha := falseVerdicts / float64(max(variants-1, 1))
	margin := boundary(float64(control.People+variant.People), alpha) *
		math.Sqrt(differenceVariance(control, variant))
	estimate := variant.Mean() - control.Mean()
	d := Difference{estimate, estimate - margin, estimate + margin, NoDifferenceYet}
	switch {
	case d.Low > 0:
		d.Verdict = Better
	case d.High < 0:
		d.Verdict = Worse
	}
	return d
}
