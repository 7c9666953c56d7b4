package ledger

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file keeps what partners have sold, by day: a row a day holds links, payments and money of
// all of them. Payments and refunds are effects of a sale, as those of sums.go are, so they count
// once and survive a crash. Links are counted like exposures: within a second, and lost by a kill.

// The figures of a partner's day, beside those of sums.go.
const figureLinks = "l"

// partnerField is the name of a number in a row. The share is a part of it, in hundredths of a
// percent: what a partner gets is worked out when it is asked for, from whole amounts, and so
// exactly.
func partnerField(figure, partner string, c charge, currency string) string {
	return strings.Join([]string{
		figure, partner, c.label(), currency, strconv.Itoa(int(c.Share)),
	}, "\x00")
}

// partnerParts are the parts of such a name.
const partnerParts = 5

// sumPartner adds to the row of a day, under the once of the payment or refund itself.
func sumPartner(s Steps, day, once, partner string, deltas ...Delta) error {
	if partner == "" {
		return nil
	}
	return s.Add(Key{kindPartner, day}, once, deltas...)
}

// sumCharge adds a payment to its partner's day. One of 0, as a trial is, is no charge.
func sumCharge(s Steps, key Key, p Payment, c charge) error {
	deltas := []Delta{
		{partnerField(figureRevenue, p.Partner, c, p.Currency), int64(p.Amount)},
		{partnerField(figurePayments, p.Partner, c, p.Currency), 1},
	}
	if p.Amount <= 0 {
		return nil
	}
	return sumPartner(s, day(c.Bought), key.ID+c.once(), p.Partner, deltas...)
}

// linkDelay is how long a link may wait to be counted. Each partner is a number of its own, so it is
// longer than the delay of exposures: a busy site with many partners would write all the time.
const linkDelay = 10 * time.Second

// links are those that wait to be counted: by day and partner, as each is one more.
type links struct {
	wake    chan struct{}
	mu      sync.Mutex
	waiting map[linkDay]int64
	unix    int64 // the day of the last one, which is mostly that of the next
	day     string
}

type linkDay struct{ day, partner string }

// Handed notes that a link of a partner was handed out. It does not wait. What cannot be written is
// lost and told to Config.Failed.
func (l *Ledger) Handed(partner string, at time.Time) {
	q := &l.links
	q.mu.Lock()
	if q.waiting == nil {
		q.waiting = make(map[linkDay]int64)
	}
	if q.unix != at.Unix()/86400 {
		q.unix, q.day = at.Unix()/86400, day(at.Unix())
	}
	q.waiting[linkDay{q.day, partner}]++
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// writeLinks runs until ctx ends, and then writes what waits.
func (l *Ledger) writeLinks(ctx context.Context) {
	defer l.flushLinks()
	for {
		select {
		case <-l.links.wake:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(linkDelay):
		case <-ctx.Done():
			return
		}
		l.flushLinks()
	}
}

// linkBatch bounds how many numbers are added in one step.
const linkBatch = 500

// flushLinks writes all that wait. A batch that fails is told and not tried again.
func (l *Ledger) flushLinks() {
	q := &l.links
	q.mu.Lock()
	waiting := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	if len(waiting) == 0 {
		return
	}
	// What can be spared stops first, as exposures do, which tell of it.
	if store, bounded := l.store.(interface{ Full() bool }); bounded && store.Full() {
		l.failed("links", errFull)
		return
	}
	days := make(map[string][]Delta)
	for of, n := range waiting {
		name := figureLinks + "\x00" + of.partner
		days[of.day] = append(days[of.day], Delta{name, n})
	}
	for day, deltas := range days {
		for batch := range slices.Chunk(deltas, linkBatch) {
			if err := l.addLinks(day, batch); err != nil {
				l.failed("links", err)
			}
		}
	}
}

func (l *Ledger) addLinks(day string, batch []Delta) error {
	ctx, cancel := context.WithTimeout(context.Background(), exposureTimeout)
	defer cancel()
	once := "links " + batchName()
	return l.store.Do(ctx, func(s Steps) error {
		return s.Add(Key{kindPartner, day}, once, batch...)
	})
}

// PartnerNumbers is what came of the links of one partner, in one currency. Amounts are decimal
// texts.
type PartnerNumbers struct {
	Code string `json:"code"`
	// Links that were handed out. They have no currency: the number is the same on each line of the
	// partner.
	Links int64 `json:"links"`
	// Charges above 0: the first one of a sale, and all that came after it.
	FirstCharges int64 `json:"first_charges"`
	Renewals     int64 `json:"renewals"`
	// Currency is empty where there was no money.
	Currency string `json:"currency"`
	Revenue  string `json:"revenue"`
	Refunds  string `json:"refunds"`
	// Share is of each payment less its refunds the percentage that held on the payment's day. It is
	// exact, and so may have more decimals than the currency. Below 0 the partner owes.
	Share string `json:"share"`
}

// partnerSum is a line that is being summed.
type partnerSum struct {
	first, renewals   int64
	revenue, refunded money.Amount
	share             money.Share
}

// partnerLine is whose and in which currency.
type partnerLine struct{ code, currency string }

// daysOfPartners is how many rows are read in one round trip: each may hold a hundred thousand
// partners.
const daysOfPartners = 10

// Partners reads what partners have sold on the days from one instant's to another's, both
// included, by code and currency. A refund is of the day on which it was given, with the share of
// its payment. name is the code by which a partner is shown, since a link names one by a hash where
// the code is long; nil shows what links say.
func (l *Ledger) Partners(
	ctx context.Context, from, to time.Time, name func(string) string,
) ([]PartnerNumbers, error) {
	if name == nil {
		name = func(code string) string { return code }
	}
	links, sums := map[string]int64{}, map[partnerLine]*partnerSum{}
	for keys := range slices.Chunk(dayKeys(kindPartner, from, to), daysOfPartners) {
		rows, err := l.store.Rows(ctx, keys...)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			for field, n := range row {
				addPartnerField(strings.Split(field, "\x00"), n, name, links, sums)
			}
		}
	}
	return partnerNumbers(links, sums), nil
}

// addPartnerField takes one number of a row in. Fields of a newer version are passed over.
func addPartnerField(
	parts []string, n int64, name func(string) string, links map[string]int64,
	sums map[partnerLine]*partnerSum,
) {
	if len(parts) == 2 && parts[0] == figureLinks {
		links[name(parts[1])] += n
		return
	}
	if len(parts) != partnerParts {
		return
	}
	share, err := strconv.Atoi(parts[4])
	if err != nil {
		return
	}
	line := partnerLine{name(parts[1]), parts[3]}
	sum := sums[line]
	if sum == nil {
		sum = new(partnerSum)
		sums[line] = sum
	}
	switch parts[0] {
	case figurePayments:
		if comesLater(parts[2]) {
			sum.renewals += n
		} else {
			sum.first += n
		}
	case figureRevenue:
		sum.revenue += money.Amount(n)
		sum.share.Add(money.Amount(n), share)
	case figureRefunded:
		sum.refunded += money.Amount(n)
		sum.share.Add(-money.Amount(n), share)
	}
}

// comesLater reports whether a charge of this type is one that another went before. What is paid
// after a trial is the first money of its sale.
func comesLater(kind string) bool {
	return later(kind) && kind != "trial_to_paid" || kind == typeUpsell
}

// partnerNumbers puts links and sums together, in the order of codes and currencies.
func partnerNumbers(
	links map[string]int64, sums map[partnerLine]*partnerSum,
) (list []PartnerNumbers) {
	paid := map[string]bool{}
	for line, sum := range sums {
		paid[line.code] = true
		list = append(list, PartnerNumbers{
			Code: line.code, Links: links[line.code], FirstCharges: sum.first,
			Renewals: sum.renewals, Currency: line.currency, Revenue: sum.revenue.String(),
			Refunds: sum.refunded.String(), Share: sum.share.String(),
		})
	}
	for code, n := range links {
		if !paid[code] {
			none := new(partnerSum)
			list = append(list, PartnerNumbers{
				Code: code, Links: n, Revenue: none.revenue.String(),
				Refunds: none.refunded.String(), Share: none.share.String(),
			})
		}
	}
	slices.SortFunc(list, func(a, b PartnerNumbers) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Currency, b.Currency))
	})
	return list
}
