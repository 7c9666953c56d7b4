package ledger

import "math"

// unreadableEvidence is how many to one the counts must speak against the configured split.
const unreadableEvidence = 1000

// splitConcentration is how close to the configured shares the suspected ones are expected: the
// prior has the weight of that many people. What goes wrong at a shop (a redirect that loses
// clicks, a bot that always gets one variant) moves the split by little, and what moves it by much
// is found with any prior. 1,000 expects shares some 1.6 points around 50 %, and is the best for a
// split of 52 : 48, of which it finds 94 % by 20,000 people. Between 500 and 2,000 nothing changes;
// a flat prior, the weight of 2, is made for splits such as 80 : 20 and finds 84 %.
const splitConcentration = 1000

// SplitBroken reports whether the people of a run, by first exposure and open windows included, are
// split otherwise than the shares say. Shares are in the order of people and in any unit; they are
// the true widths of the variants' ranges. The run is unreadable then: who is missing is not
// missing by chance, and no comparison can tell what they would have done.
//
// It may be asked at every exposure. A run that is split as configured is ever called broken with a
// chance of 0.1 % at most, which is no approximation. From Lindon and Malek, Anytime-valid
// inference for multinomial count data, NeurIPS 2022, arXiv 2011.03567, section 2: with θ for the
// shares, k for the concentration, α = kθ and S for the counts, the Bayes factor
//
//	Γ(Σα)/Γ(Σα+ΣS) · Π Γ(αi+Si)/Γ(αi) / Π θi^Si
//
// is a martingale that begins at 1 while θ is true, and such a one ever reaches 1000 with a chance
// of 1/1000 (Ville).
func SplitBroken(people []int64, shares []float64) bool {
	whole := 0.0
	for i := range people {
		whole += shares[i]
	}
	all, evidence := 0.0, 0.0 // evidence is a logarithm
	for i, n := range people {
		share, count := shares[i]/whole, float64(n)
		switch {
		case n == 0:
		case share <= 0: // someone is where nobody can be
			return true
		default:
			evidence += logRising(splitConcentration*share, count) - count*math.Log(share)
			all += count
		}
	}
	return evidence-logRising(splitConcentration, all) >= math.Log(unreadableEvidence)
}

// logRising is log Γ(a+n)/Γ(a).
func logRising(a, n float64) float64 {
	above, _ := math.Lgamma(a + n)
	below, _ := math.Lgamma(a)
	return above - below
}
