package report

import (
	"testing"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/ledger"
)

// paid is a figure of one payment, or of a refund where the amount is negative.
func paid(day, campaign, amount, currency string) ledger.Figure {
	a, _ := money.Parse(amount)
	f := ledger.Figure{Day: day, Source: ledger.Source{Campaign: campaign}, Currency: currency}
	if a < 0 {
		f.Refunds, f.Refunded = 1, -a
		return f
	}
	f.Payments, f.Revenue = 1, a
	return f
}

// TestMoneyAddsUp: by currency, over the last 30 days in UTC, with what was left of the days before.
func TestMoneyAddsUp(t *testing.T) {
	m := moneyOf(Page{At: evening, Money: []ledger.Figure{
		paid("2026-10-01", "pro", "50.00", "EUR"),
		paid("2026-10-30", "pro", "-10.50", "EUR"), // the last day before
		paid("2026-10-31", "pro", "1000.00", "EUR"),
		paid("2026-11-29", "pro", "234.56", "EUR"),
		paid("2026-11-29", "sale", "0.10", "EUR"),
		paid("2026-11-29", "sale", "-1300.00", "EUR"),
		paid("2026-11-29", "pro", "1980", "JPY"),
	}})
	if len(m.Currencies) != 2 {
		t.Fatalf("%d currencies", len(m.Currencies))
	}
	eur, jpy := m.Currencies[0], m.Currencies[1]
	for what, texts := range map[string][2]string{
		"in":     {eur.In.Text(), "1,234.66"},
		"out":    {eur.Out.Text(), "1,300.00"},
		"left":   {eur.Left().Text(), "−65.34"},
		"value":  {eur.Left().Value(), "-65.34"},
		"before": {eur.Before.Text(), "39.50"},
		"yen":    {jpy.In.Text(), "1,980"},
		"best": {eur.Says, "EUR came in on 2 days of 30; the best was 31 Oct with 1,000.00. " +
			"Most was given back on 29 Nov: 1,300.00."},
		"source": {m.Sources[0].Campaign + " " + m.Sources[0].In.Text(), "pro 1,234.56"},
	} {
		if texts[0] != texts[1] {
			t.Errorf("%s is %q, want %q", what, texts[0], texts[1])
		}
	}
	first, last := eur.Bars[0], eur.Bars[len(eur.Bars)-1]
	if len(eur.Bars) != 2 || len(eur.Days) != 2 || first.Up != upHeight || first.Y != 0 ||
		first.Down != 0 || last.Down != downHeight || last.X+last.Width > 100 {
		t.Errorf("%+v", eur.Bars)
	}
}
