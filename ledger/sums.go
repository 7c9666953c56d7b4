package ledger

import (
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file keeps numbers and money by day, so that no report is a pass over every payment. A day
// is one in UTC: that of the purchase, or of the refund.

// The figures of a day. They stand in the names of fields.
const (
	figurePayments = "n" // payments, by type
	figureRevenue  = "m" // their money
	figureRefunds  = "b" // payments that were given back in full
	figureRefunded = "r" // money that was given back
)

// field is the name of a number in a row.
func field(figure string, by Source, kind, currency string) string {
	parts := []string{figure, by.Campaign, by.Experiment, by.Variant, kind, currency}
	return strings.Join(parts, "\x00")
}

// day names the row of an instant, given in seconds.
func day(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.DateOnly) }

// sum adds what is outstanding of a transaction to its days.
func (l *Ledger) sum(s Steps, key Key, d *sale) error {
	for _, c := range d.Charges {
		if c.Marks&markOpen == 0 {
			continue
		}
		p := d.payment(c)
		by := field(figurePayments, p.Source, p.Type, p.Currency)
		money := field(figureRevenue, p.Source, p.Type, p.Currency)
		err := s.Add(Key{kindDay, day(c.Bought)}, key.ID+c.once(),
			Delta{by, 1}, Delta{money, int64(p.Amount)})
		if err != nil {
			return err
		}
	}
	for _, r := range d.Refunds {
		if r.Marks&markOpen == 0 || r.Marks&markWaiting != 0 {
			continue
		}
		b := d.refund(r)
		deltas := []Delta{{field(figureRefunded, b.Source, b.Type, b.Currency), int64(b.Amount)}}
		if b.Whole {
			deltas = append(deltas, Delta{field(figureRefunds, b.Source, b.Type, b.Currency), 1})
		}
		at := r.At
		if at == 0 {
			at = r.Created / 1e6
		}
		if err := s.Add(Key{kindDay, day(at)}, key.ID+r.once(), deltas...); err != nil {
			return err
		}
	}
	return nil
}

// Figure is one number of a day.
type Figure struct {
	Day      string // 2026-11-29, in UTC
	Source          // without partner
	Type     string // of the payment
	Currency string
	Payments int64
	Refunds  int64 // payments that were given back in full
	Revenue  money.Amount
	Refunded money.Amount
}
