package ledger

import (
	"context"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
)

// Finish does at once what is outstanding.
func (l *Ledger) Finish(ctx context.Context) error { return l.finish(ctx) }

// Flush writes the exposures that wait.
func (l *Ledger) Flush() { l.flushExposures() }

// Crowd adds people who were exposed on one day as their documents would: n of them, each of whom
// paid the same.
func (l *Ledger) Crowd(ctx context.Context, r *Run, variant int, day time.Time, n int64, price money.Amount) error {
	p := participant{Exposures: []exposed{{Run: l.runID(r), Variant: variant, At: day.Unix()}}}
	if price > 0 {
		p.Deals = []deal{{
			Run: l.runID(r), Exposed: true, Made: day.Unix() / 60,
			Flows: []flow{{At: day.Unix(), Amount: price, Currency: "EUR"}},
		}}
	}
	return l.store.Do(ctx, func(s Steps) error {
		for row, fields := range p.tallies() {
			for field, x := range fields {
				if err := s.Add(Key{kindTally, row}, "", Delta{field, n * x}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// TextSize is how many bytes a text takes in a document.
func TextSize(s string) int {
	raw, _ := text(s).MarshalCBOR()
	return len(raw)
}
