package ledger

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file keeps numbers and money by day, so that no report is a pass over every payment. A day
// is one in UTC: that of the purchase, or of the refund. Sums stay when the payments that they are
// made of are past Config.Keep.

// The figures of a day. They stand in the names of fields. The rows of years hold them: no letter
// ever gets another meaning.
const (
	// Payments, by type.
	figurePayments = "n"
	// Their money.
	figureRevenue = "m"
	// Payments that were given back in full.
	figureRefunds = "b"
	// Money that was given back.
	figureRefunded = "r"
)

// field is the name of a number in a row. A zero byte parts them, which no name can hold: an
// attribution with one is not read.
func field(figure string, by Source, kind, currency string) string {
	parts := []string{figure, by.Campaign, by.Experiment, by.Variant, kind, currency}
	return strings.Join(parts, "\x00")
}

// day names the row of an instant, given in seconds. UTC has no hours that are missing or come
// twice, so every day has one row on every node.
func day(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.DateOnly) }

// sum adds what is outstanding of a transaction to its days. The once of each is that of the
// payment or refund itself. So a crash before the mark goes does not add it again, nor do two nodes
// at once.
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
		if err := sumCharge(s, key, p, c); err != nil {
			return err
		}
	}
	for _, r := range d.Refunds {
		if r.Marks&markOpen == 0 || r.Marks&markWaiting != 0 {
			continue
		}
		b := d.refund(r)
		deltas := []Delta{{field(figureRefunded, b.Source, b.Type, b.Currency), int64(b.Amount)}}
		// A part leaves the payment a payment: only its money is less.
		if b.Whole {
			deltas = append(deltas, Delta{field(figureRefunds, b.Source, b.Type, b.Currency), 1})
		}
		// Without a date of its own, a refund is of the day on which Zotlo told of it.
		at := r.At
		if at == 0 {
			at = r.Created / 1e6
		}
		if err := s.Add(Key{kindDay, day(at)}, key.ID+r.once(), deltas...); err != nil {
			return err
		}
		err := sumPartner(s, day(at), key.ID+r.once(), b.Partner, Delta{
			partnerField(figureRefunded, b.Partner, d.refunded(r), b.Currency), int64(b.Amount),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Figure is one number of a day.
type Figure struct {
	// 2026-11-29, in UTC.
	Day string
	// Without partner.
	Source
	// Of the payment.
	Type     string
	Currency string
	Payments int64
	// Payments that were given back in full.
	Refunds  int64
	Revenue  money.Amount
	Refunded money.Amount
}

// daysAtOnce is how many rows are read in one round trip. A year takes four, and no answer of a
// store gets too long.
const daysAtOnce = 100

// Days reads the figures of the days from one instant's to another's, both included, in their
// order. It reads a row for each day, whether it holds anything or not. A row that is not there
// costs little, and a list of those that are would be one more thing to keep true.
func (l *Ledger) Days(ctx context.Context, from, to time.Time) (figures []Figure, err error) {
	for keys := range slices.Chunk(dayKeys(kindDay, from, to), daysAtOnce) {
		rows, err := l.store.Rows(ctx, keys...)
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			figures = append(figures, figuresOf(keys[i].ID, row)...)
		}
	}
	return figures, nil
}

// dayKeys are the rows of the days from one instant's to another's, both included.
func dayKeys(kind Kind, from, to time.Time) (keys []Key) {
	for at := from.UTC().Truncate(24 * time.Hour); !at.After(to); at = at.AddDate(0, 0, 1) {
		keys = append(keys, Key{kind, day(at.Unix())})
	}
	return keys
}

// figuresOf reads the row of a day. Fields of a newer version are passed over.
func figuresOf(day string, row map[string]int64) (figures []Figure) {
	found := map[string]*Figure{}
	for name, n := range row {
		figure, of, _ := strings.Cut(name, "\x00")
		parts := strings.Split(of, "\x00")
		if len(parts) != fieldParts {
			continue
		}
		f := found[of]
		if f == nil {
			by := Source{Campaign: parts[0], Experiment: parts[1], Variant: parts[2]}
			f = &Figure{Day: day, Source: by, Type: parts[3], Currency: parts[4]}
			found[of] = f
		}
		f.set(figure, n)
	}
	for _, f := range found {
		figures = append(figures, *f)
	}
	// A row is a map, whose order is another one at every call.
	slices.SortFunc(figures, Figure.compare)
	return figures
}

// fieldParts are the parts of a field's name behind the figure.
const fieldParts = 5

// set takes one number of a row in.
func (f *Figure) set(figure string, n int64) {
	switch figure {
	case figurePayments:
		f.Payments = n
	case figureRefunds:
		f.Refunds = n
	case figureRevenue:
		f.Revenue = money.Amount(n)
	case figureRefunded:
		f.Refunded = money.Amount(n)
	}
}

// compare orders figures by what they are of.
func (f Figure) compare(g Figure) int {
	return cmp.Or(
		strings.Compare(f.Day, g.Day), strings.Compare(f.Campaign, g.Campaign),
		strings.Compare(f.Experiment, g.Experiment), strings.Compare(f.Variant, g.Variant),
		strings.Compare(f.Type, g.Type), strings.Compare(f.Currency, g.Currency),
	)
}
