package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// income is what came in and went back, over the drawn days.
type income struct {
	Currencies []currency
	Sources    []source
	More       string // of the currencies
	MoreFrom   string // of the sources
}

// Below is where the bars of what went back begin.
func (income) Below() int { return upHeight + 3 }

// currency is the money of one currency. Currencies are never converted: a rate of exchange would
// be an opinion about a day.
type currency struct {
	Code string
	sums
	Before amount // what was left of the days before
	Bars   []moneyBar
	Zero   int // the height of the line between what came in and what went back
	Says   string
	First  string // the first and the last day that are drawn
	Last   string
	Days   []moneyDay
}

// sums are those of a day, a campaign or all of them.
type sums struct {
	Payments, Refunds int64
	In, Out           amount
}

// Left is what came in, less what went back.
func (s sums) Left() amount { return amount{s.In.Amount - s.Out.Amount, s.In.Currency} }

func (s *sums) add(f ledger.Figure) {
	s.Payments += f.Payments
	s.Refunds += f.Refunds
	s.In.Amount += f.Revenue
	s.Out.Amount += f.Refunded
}

func (s sums) empty() bool {
	return s.Payments == 0 && s.Refunds == 0 && s.In.Amount == 0 && s.Out.Amount == 0
}

// moneyDay is a day that has something, moneyBar how it is drawn: down from the line what went
// back.
type moneyDay struct {
	Day string
	sums
}

type moneyBar struct {
	X, Width    percent
	Y, Up, Down int
}

// source is what a campaign brought.
type source struct {
	Campaign string
	sums
}

// The height of the bars of what came in, and of what went back.
const (
	upHeight   = 96
	downHeight = 32
)

func moneyOf(p Page) income {
	first := p.At.UTC().Truncate(day).AddDate(0, 0, 1-drawnDays)
	drawn, before := map[string][]ledger.Figure{}, map[string]*sums{}
	from := map[string]*source{}
	for _, f := range p.Money {
		if f.Day < first.Format(time.DateOnly) {
			add(before, f.Currency, f)
			continue
		}
		drawn[f.Currency] = append(drawn[f.Currency], f)
		key := f.Campaign + "\x00" + f.Currency
		if from[key] == nil {
			from[key] = &source{f.Campaign, sums{
				In: amount{Currency: f.Currency}, Out: amount{Currency: f.Currency},
			}}
		}
		from[key].add(f)
	}
	m := income{}
	for code, figures := range drawn {
		c := currencyOf(code, first, figures)
		c.Before = amount{Currency: code}
		if b := before[code]; b != nil {
			c.Before = b.Left()
		}
		m.Currencies = append(m.Currencies, c)
	}
	slices.SortFunc(m.Currencies, func(a, b currency) int {
		return cmp.Or(cmp.Compare(b.Payments, a.Payments), strings.Compare(a.Code, b.Code))
	})
	m.More = more(len(m.Currencies)-currencies, "currency code", "caddy checkout ledger export")
	m.Currencies = m.Currencies[:min(len(m.Currencies), currencies)]
	m.sources(from)
	return m
}

// sources are the campaigns, those with the most payments first.
func (m *income) sources(from map[string]*source) {
	for _, s := range from {
		m.Sources = append(m.Sources, *s)
	}
	slices.SortFunc(m.Sources, func(a, b source) int {
		return cmp.Or(cmp.Compare(b.Payments, a.Payments), strings.Compare(a.Campaign, b.Campaign),
			strings.Compare(a.In.Currency, b.In.Currency))
	})
	m.MoreFrom = more(len(m.Sources)-sources, "line", "caddy checkout ledger export")
	m.Sources = m.Sources[:min(len(m.Sources), sources)]
}

func add(to map[string]*sums, key string, f ledger.Figure) {
	if to[key] == nil {
		to[key] = &sums{In: amount{Currency: f.Currency}, Out: amount{Currency: f.Currency}}
	}
	to[key].add(f)
}

// currencyOf adds up the days of a currency, and draws them.
func currencyOf(code string, first time.Time, figures []ledger.Figure) currency {
	byDay := map[string]*sums{}
	for _, f := range figures {
		add(byDay, f.Day, f)
	}
	last := first.AddDate(0, 0, drawnDays-1)
	c := currency{Code: code, First: first.Format("2 Jan"), Last: last.Format("2 Jan")}
	c.In.Currency, c.Out.Currency = code, code
	for _, f := range figures {
		c.add(f)
	}
	for _, name := range slices.Sorted(maps.Keys(byDay)) {
		if !byDay[name].empty() {
			c.Days = append(c.Days, moneyDay{name, *byDay[name]})
		}
	}
	c.draw(first, byDay)
	return c
}

// draw makes a bar of each day. Up and down have scales of their own: a refund is not to vanish
// beside a good day.
func (c *currency) draw(first time.Time, byDay map[string]*sums) {
	best, worst := moneyDay{}, moneyDay{}
	for _, d := range c.Days {
		if d.In.Amount > best.In.Amount {
			best = d
		}
		if d.Out.Amount > worst.Out.Amount {
			worst = d
		}
	}
	c.Zero = upHeight
	for i := range drawnDays {
		s := byDay[first.AddDate(0, 0, i).Format(time.DateOnly)]
		if s == nil {
			continue
		}
		up := height(s.In, best.In, upHeight)
		c.Bars = append(c.Bars, moneyBar{
			X: percent(100*float64(i)/drawnDays + 0.4), Width: 100.0/drawnDays - 0.8,
			Y: upHeight - up, Up: up, Down: height(s.Out, worst.Out, downHeight),
		})
	}
	c.Says = fmt.Sprintf("%s came in on %s of %d; the best was %s with %s.", c.Code,
		many(int64(len(c.Days)), "day"), drawnDays, dayText(best.Day), best.In.Text())
	if best.Day == "" {
		c.Says = "No money came in."
	}
	if worst.Day != "" {
		c.Says += fmt.Sprintf(" Most was given back on %s: %s.", dayText(worst.Day), worst.Out.Text())
	}
}

// height is that of a bar: what is there is seen.
func height(a, most amount, of int) int {
	if a.Amount <= 0 || most.Amount <= 0 {
		return 0
	}
	return max(int(float64(of)*a.Float()/most.Float()), 2)
}
