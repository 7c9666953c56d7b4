package ledger_test

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/caddy-checkout/checkout/ledger"
)

// looks is how often an experiment is looked at.
const looks = 50

// shop is what is true of an experiment that nobody in the experiment knows. The first variant is
// the control.
type shop struct {
	name    string
	shares  []float64
	rates   []float64 // of buyers
	money   bool      // the metric is money, else the rate
	sigma   float64   // of the log-normal purchases
	prices  []float64 // their medians; 1 where nothing is said
	perLook int       // people whose window closes between two looks
	foreign float64   // the share of the buyers who pay in a currency that is not looked at
	refunds float64   // the share of all purchases that is refunded, late, between two looks
	sampled int       // one person in so many is counted; 0 means all
}

// arm is one variant on its way.
type arm struct {
	tally     ledger.Tally
	purchases []float64 // of those who may still ask for their money back
}

func binomial(r *rand.Rand, n int, p float64) int {
	if n == 0 {
		return 0
	}
	return int(distuv.Binomial{N: float64(n), P: p, Src: r}.Rand())
}

// sample is how many of some people are among the one in so many who are counted.
func sample(r *rand.Rand, people, in int) int {
	if in == 0 {
		return people
	}
	return binomial(r, people, 1/float64(in))
}

// join lets people of the i-th variant become old enough to count.
func (s *shop) join(r *rand.Rand, a *arm, i, people int) {
	buyers := binomial(r, people, s.rates[i])
	if !s.money {
		a.tally = ledger.BuyerTally(a.tally.People+int64(people), a.tally.Buyers+int64(buyers))
		return
	}
	a.tally.People += int64(people)
	a.tally.Buyers += int64(buyers)
	for range buyers - binomial(r, buyers, s.foreign) {
		x := s.price(i) * math.Exp(s.sigma*r.NormFloat64())
		a.tally.Sum += x
		a.tally.SumSquares += x * x
		if s.refunds > 0 {
			a.purchases = append(a.purchases, x)
		}
	}
}

// giveBack books refunds of people who have been counted already: for money every second of a half
// of it only.
func (s *shop) giveBack(r *rand.Rand, a *arm) {
	back := binomial(r, int(a.tally.Buyers), s.refunds)
	if !s.money {
		a.tally = ledger.BuyerTally(a.tally.People, a.tally.Buyers-int64(back))
		return
	}
	for i := range back {
		at := r.IntN(len(a.purchases))
		x, left := a.purchases[at], 0.0
		if i%2 == 0 {
			left = x / 2
			a.purchases[at] = left
		} else {
			a.tally.Buyers--
			a.purchases[at] = a.purchases[len(a.purchases)-1]
			a.purchases = a.purchases[:len(a.purchases)-1]
		}
		a.tally.Sum -= x - left
		a.tally.SumSquares -= x*x - left*left
	}
}

func (s *shop) price(i int) float64 {
	if s.prices == nil {
		return 1
	}
	return s.prices[i]
}

// difference is the true difference of the i-th variant to the control.
func (s *shop) difference(i int) float64 {
	if !s.money {
		return s.rates[i] - s.rates[0]
	}
	mean := math.Exp(s.sigma * s.sigma / 2)
	return (s.rates[i]*s.price(i) - s.rates[0]*s.price(0)) * mean * (1 - s.foreign)
}

// seen is what one experiment showed at any of its looks: whether a comparison had a verdict (and
// which), whether an interval missed the truth, whether a z-test at every look would have spoken.
type seen struct{ shown, better, worse, betterAtLast, missed, zTest bool }

// run plays one experiment. The seed decides everything.
func (s *shop) run(seed uint64) (all seen) {
	r := rand.New(rand.NewPCG(seed, 0))
	arms := make([]arm, len(s.shares))
	for range looks {
		left, share := s.perLook, 1.0
		for i := range arms {
			if s.refunds > 0 {
				s.giveBack(r, &arms[i])
			}
			people := binomial(r, left, min(1, s.shares[i]/share))
			s.join(r, &arms[i], i, sample(r, people, s.sampled))
			left -= people
			share -= s.shares[i]
		}
		all.betterAtLast = false
		for i := 1; i < len(arms); i++ {
			all.look(arms[0].tally, arms[i].tally, len(arms), s.difference(i))
		}
	}
	return all
}

func (all *seen) look(control, variant ledger.Tally, variants int, truth float64) {
	d := ledger.Compare(control, variant, variants)
	if d.Verdict == ledger.TooEarly {
		return
	}
	all.shown = true
	all.better = all.better || d.Verdict == ledger.Better
	all.worse = all.worse || d.Verdict == ledger.Worse
	all.betterAtLast = all.betterAtLast || d.Verdict == ledger.Better
	all.missed = all.missed || truth < d.Low || truth > d.High
	all.zTest = all.zTest || math.Abs(d.Estimate) > 1.96*math.Sqrt(plain(control)+plain(variant))
}

// plain is the textbook's variance of a mean.
func plain(t ledger.Tally) float64 {
	return (t.SumSquares/float64(t.People) - t.Mean()*t.Mean()) / float64(t.People)
}

// shares of many experiments in percent.
type measured struct{ shown, verdicts, better, betterAtLast, missed, zTest float64 }

// measure plays the experiments with the seeds 1 to n.
func (s *shop) measure(n int) (m measured) {
	count := func(sum *float64, happened bool) {
		if happened {
			*sum += 100 / float64(n)
		}
	}
	for seed := range uint64(n) {
		all := s.run(seed + 1)
		count(&m.shown, all.shown)
		count(&m.verdicts, all.better || all.worse)
		count(&m.better, all.better)
		count(&m.betterAtLast, all.betterAtLast)
		count(&m.missed, all.missed)
		count(&m.zTest, all.zTest)
	}
	return m
}

// slack is how far a share that is percent may be off, by chance, in a test that is not of full
// size.
func slack(percent float64, n int) float64 {
	if n >= 10_000 {
		return 0
	}
	return 3 * math.Sqrt(percent*(100-percent)/float64(n))
}

var half = []float64{0.5, 0.5}

func same(rate float64, variants int) []float64 {
	rates := make([]float64, variants)
	for i := range rates {
		rates[i] = rate
	}
	return rates
}

// money is a shop where 1 % buy, and the variant's purchases are higher by a factor.
func money(name string, shares []float64, sigma, factor float64, perLook int) shop {
	return shop{
		name: name, shares: shares, rates: same(0.01, 2), money: true, sigma: sigma,
		prices: []float64{1, factor}, perLook: perLook,
	}
}
