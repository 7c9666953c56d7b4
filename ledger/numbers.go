package ledger

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file is the answer to what an experiment has shown, and how it follows from sums. The JSON
// form is the one that operators and programs read: no member is ever renamed.

// Experiment is what an experiment has shown. One campaign has at most one that runs, and any
// number of past ones.
type Experiment struct {
	Key      string `json:"key"`
	Campaign string `json:"campaign"`
	// Metric decides: "rate" or "revenue EUR".
	Metric string `json:"metric"`
	// In nanoseconds, as Caddy writes durations.
	Window time.Duration `json:"window"`
	// The newest first, by their last start.
	Runs []RunNumbers `json:"runs"`
	// Older is how many runs LatestExperiments left out.
	Older int `json:"-"`
}

// RunNumbers are the numbers of one run. Runs are never added up: another set of settings is
// another question.
type RunNumbers struct {
	Since time.Time `json:"since"`
	// Until is when another run began, or the experiment ended; zero for the one that runs.
	Until  time.Time `json:"until,omitzero"`
	People int64     `json:"people"`
	// Payments above 0 whose person had not been exposed.
	Unexposed int64 `json:"unexposed"`
	// Verdict is Unreadable or empty.
	Verdict Verdict `json:"verdict,omitempty"`
	// The control first.
	Variants []VariantNumbers `json:"variants"`
}

// VariantNumbers are the numbers of one variant. People includes Open, those whose window has not
// closed yet; all that follows is about the others.
type VariantNumbers struct {
	Name   string `json:"name"`
	People int64  `json:"people"`
	Open   int64  `json:"open"`
	Buyers int64  `json:"buyers"`
	// Buyers per person.
	Rate    float64            `json:"rate"`
	Revenue map[string]Revenue `json:"revenue"`
	// Difference is to the first variant. It is nil for the first, before 500 people and 50 buyers
	// in both, and in an unreadable run.
	Difference *MetricDifference `json:"difference,omitempty"`
	// Verdict is empty for the first variant, in an unreadable run, and where variants differ in
	// price and no metric was chosen.
	Verdict Verdict `json:"verdict,omitempty"`
}

// Revenue is money in one currency, refunds taken off. Currencies are never converted, for a rate
// of exchange would be an opinion about a day.
type Revenue struct {
	Total     Decimal `json:"total"`
	PerPerson Decimal `json:"per_person"`
}

// Decimal is an amount of money. In JSON it is a decimal string. A JSON number is a double to most
// programs (RFC 8259, section 6), which rounds money.
type Decimal money.Amount

func (d Decimal) String() string { return money.Amount(d).String() }

// MarshalJSON writes a decimal string.
func (d Decimal) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a decimal string.
func (d *Decimal) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	a, ok := money.Parse(s)
	if !ok {
		return strconv.ErrSyntax
	}
	*d = Decimal(a)
	return nil
}

// MetricDifference is what a variant's outcome per person differs from that of the first, with an
// interval that holds at every look. In JSON a rate's numbers are numbers, and money's are decimal
// strings.
type MetricDifference struct {
	Metric string
	// Buyers per person, or the currency's major unit per person.
	Estimate, Low, High float64
}

// MarshalJSON writes {"metric","estimate","low","high"}.
func (d MetricDifference) MarshalJSON() ([]byte, error) {
	number := func(x float64) any { return x }
	if d.Metric != MetricRate {
		number = func(x float64) any { return decimalOf(x) }
	}
	return json.Marshal(struct {
		Metric   string `json:"metric"`
		Estimate any    `json:"estimate"`
		Low      any    `json:"low"`
		High     any    `json:"high"`
	}{d.Metric, number(d.Estimate), number(d.Low), number(d.High)})
}

// UnmarshalJSON reads what MarshalJSON wrote. Numbers may be quoted or not: which, the metric
// decides.
func (d *MetricDifference) UnmarshalJSON(text []byte) error {
	var raw struct {
		Metric              string
		Estimate, Low, High json.RawMessage
	}
	err := json.Unmarshal(text, &raw)
	d.Metric = raw.Metric
	for from, to := range map[*json.RawMessage]*float64{
		&raw.Estimate: &d.Estimate, &raw.Low: &d.Low, &raw.High: &d.High,
	} {
		n, nerr := strconv.ParseFloat(strings.Trim(string(*from), `"`), 64)
		*to, err = n, cmp.Or(err, nerr)
	}
	return err
}

// decimalOf rounds to what an amount can hold. Halves go away from zero; the conversion alone would
// cut them off. It is for what is divided or estimated. Sums of money never pass through a float.
func decimalOf(x float64) Decimal {
	half := 0.5
	if x < 0 {
		half = -half
	}
	return Decimal(x*1e4 + half)
}

// count is what the buckets of a run add up to. It is filled bucket by bucket, in any order, and
// read once at the end.
type count struct{ variants []variantCount }

// variantCount is everybody, and the outcomes of those whose window has closed. The two kinds of
// people are kept apart, since only closed windows may be compared (sequence.go).
type variantCount struct {
	people         int64
	closed, buyers int64
	// By currency.
	money map[string]*moneyCount
}

// moneyCount is the money of one currency: the sum of outcomes, and the two parts of their squares
// (outcome.go). They stay integers until the last step, so nothing is rounded on the way.
type moneyCount struct{ sum, high, low int64 }

// Variants without a single person are in it too: a zero is an answer.
func newCount(r *run) *count {
	c := &count{variants: make([]variantCount, len(r.Variants))}
	for i := range c.variants {
		c.variants[i].money = map[string]*moneyCount{}
	}
	return c
}

// add adds a number of a bucket that is closed. A figure that this version does not know is passed
// over.
func (c *count) add(f figureOf, n int64) {
	v := &c.variants[f.variant]
	switch f.figure {
	case figurePeople:
		v.closed += n
		return
	case figureBuyers:
		v.buyers += n
		return
	}
	m := v.money[f.currency]
	if m == nil {
		m = new(moneyCount)
		v.money[f.currency] = m
	}
	switch f.figure {
	case figureMoney:
		m.sum += n
	case figureSquareHigh:
		m.high += n
	case figureSquareLow:
		m.low += n
	}
}

// numbers are the count in the form of the answer. The split is checked before anything is
// compared. A broken one means that people are missing, and then no difference can be believed.
func (c *count) numbers(t *trial, r *run) RunNumbers {
	n := RunNumbers{Variants: make([]VariantNumbers, len(r.Variants))}
	people, shares := make([]int64, len(r.Variants)), make([]float64, len(r.Variants))
	for i, name := range r.Variants {
		v := c.variants[i]
		n.Variants[i] = v.numbers(name)
		n.People += v.people
		people[i], shares[i] = v.people, float64(r.Widths[i])
	}
	// Everybody counts here, open windows too: who is missing is missing from the exposure on.
	if n.People > 0 && SplitBroken(people, shares) {
		n.Verdict = Unreadable
	}
	if n.Verdict != Unreadable {
		c.judge(n.Variants, t, r)
	}
	return n
}

// judge compares each variant with the first. The control is compared with nothing, so it has no
// verdict.
func (c *count) judge(variants []VariantNumbers, t *trial, r *run) {
	for i := 1; i < len(variants); i++ {
		d := c.compare(i, t.metric())
		if d.Verdict != TooEarly {
			variants[i].Difference = &MetricDifference{t.metric(), d.Estimate, d.Low, d.High}
		}
		// A lower price brings buyers in nearly any case. A verdict by rate would praise every
		// discount until somebody has said that buyers are what they want.
		if !r.Priced || t.Metric != "" {
			variants[i].Verdict = d.Verdict
		}
	}
}

// numbers are those of one variant.
func (v variantCount) numbers(name string) VariantNumbers {
	n := VariantNumbers{
		Name: name, People: v.people, Open: v.people - v.closed, Buyers: v.buyers,
		Revenue: map[string]Revenue{},
	}
	if v.closed > 0 {
		n.Rate = float64(v.buyers) / float64(v.closed)
	}
	for currency, m := range v.money {
		// Nothing is left of that currency: a refund may have taken all of it.
		if m.sum == 0 {
			continue
		}
		n.Revenue[currency] = Revenue{
			Decimal(m.sum), decimalOf(float64(m.sum) / 1e4 / float64(v.closed)),
		}
	}
	return n
}

// compare compares a variant with the first. The number of variants goes along, since all
// comparisons of a run share one chance of a false verdict (Bonferroni).
func (c *count) compare(i int, metric string) Difference {
	tally := func(v variantCount) Tally { return BuyerTally(v.closed, v.buyers) }
	if currency, ok := strings.CutPrefix(metric, metricRevenue); ok {
		tally = func(v variantCount) Tally { return v.tally(currency) }
	}
	return Compare(tally(c.variants[0]), tally(c.variants[i]), len(c.variants))
}

// tally is the variant's money in a currency, in the major unit. An amount is in ten-thousandths,
// so its square is in hundred-millionths.
func (v variantCount) tally(currency string) Tally {
	t := Tally{People: v.closed, Buyers: v.buyers}
	if m := v.money[currency]; m != nil {
		t.Sum, t.SumSquares = float64(m.sum)/1e4, squares(m.high, m.low)/1e8
	}
	return t
}
