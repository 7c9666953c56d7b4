package ledgermodel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// books are what the shop of the model knows of its own sales: one figure for each day, source,
// type and currency.
type books struct {
	figures map[figureOf]*ledger.Figure
	sold    map[string]ledger.Source // by original transaction
	refunds int
	upsells map[string]bool // transactions
	differ  map[string]bool // transactions that cost something else than was said

	mu    sync.Mutex
	heard map[figureOf]*ledger.Figure // what the ledger told, as metrics count it
	told  map[string]string           // in what the ledger found transactions to differ
	paid  map[string]bool             // transactions that were told
	known map[string]bool             // and were known to be upsells
}

// figureOf is what a figure is of.
type figureOf struct {
	day, kind, currency string
	by                  ledger.Source
}

func newBooks() *books {
	return &books{
		figures: map[figureOf]*ledger.Figure{}, heard: map[figureOf]*ledger.Figure{},
		sold: map[string]ledger.Source{}, upsells: map[string]bool{},
		paid: map[string]bool{}, known: map[string]bool{}, differ: map[string]bool{},
		told: map[string]string{},
	}
}

// group puts types together that a lost webhook may confuse: which of two purchases under one link
// was the first one.
func group(kind string) string {
	switch kind {
	case "start_paid", "consumable", "upsell":
		return "sale"
	}
	return kind
}

// amount reads a decimal text.
func amount(text string) money.Amount {
	a, ok := money.Parse(text)
	if !ok && text != "" {
		panic(fmt.Sprintf("%q is no amount", text))
	}
	return a
}

func at(in map[figureOf]*ledger.Figure, of figureOf) *ledger.Figure {
	if in[of] == nil {
		in[of] = &ledger.Figure{}
	}
	return in[of]
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// pay writes a payment down.
func (b *books) pay(by ledger.Source, p sandbox.Payment) {
	f := at(b.figures, figureOf{dayOf(p.At), group(p.Status), p.Currency, by})
	f.Payments++
	f.Revenue += amount(p.Price)
}

// refund writes down that a payment was changed by a refund.
func (b *books) refund(before, after sandbox.Payment, now time.Time) {
	by := b.sold[before.OriginalTransactionID]
	f := at(b.figures, figureOf{dayOf(now), group(before.Status), before.Currency, by})
	f.Refunded += amount(after.RefundedPrice) - amount(before.RefundedPrice)
	if after.Refunded {
		f.Refunds++
	}
	b.refunds++
}

// differs notes that a payment cost something else than its link or page said.
func (b *books) differs(transaction string) { b.differ[transaction] = true }

// hear counts what the ledger told, as metrics would.
func (b *books) hear(e zotlo.Event, news ledger.News) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := news.Payment; p != nil {
		b.paid[e.TransactionID] = true
		if p.Type == "upsell" {
			b.known[e.TransactionID] = true
		}
		f := at(b.heard, figureOf{"", group(p.Type), p.Currency, p.Source})
		f.Payments++
		f.Revenue += p.Amount
		if len(p.Mismatches) > 0 {
			b.told[e.TransactionID] = fmt.Sprint(p.Mismatches, " ", p.Type, " of ", e.Price,
				" for ", e.Quantity)
		}
	}
	for _, r := range news.Refunds {
		f := at(b.heard, figureOf{"", group(r.Type), r.Currency, r.Source})
		f.Refunded += r.Amount
		if r.Whole {
			f.Refunds++
		}
	}
}

// compare holds the ledger's sums against the books. With toldAll, what it told must be the same as
// well: where a process died, metrics died with it.
func (b *books) compare(t *testing.T, figures []ledger.Figure, toldAll bool) {
	t.Helper()
	got := map[figureOf]*ledger.Figure{}
	for _, f := range figures {
		sum := at(got, figureOf{f.Day, group(f.Type), f.Currency, f.Source})
		sum.Payments += f.Payments
		sum.Revenue += f.Revenue
		sum.Refunds += f.Refunds
		sum.Refunded += f.Refunded
	}
	sold := withoutPartners(b.figures)
	sameFigures(t, "the ledger", withoutRefunds(got), withoutRefunds(sold))
	sameFigures(t, "the ledger, over all days", total(got), total(sold))
	sameFigures(t, "the ledger, by currency", byCurrency(got), byCurrency(b.figures))
	if toldAll {
		sameFigures(t, "what was told", b.heard, total(b.figures))
	}
	b.compareMismatches(t, toldAll)
}

// compareMismatches wants no false mismatch, and, with toldAll, no missing one. An upsell that was
// heard of before its first purchase cannot be known as one.
func (b *books) compareMismatches(t *testing.T, toldAll bool) {
	t.Helper()
	for transaction, what := range b.told {
		early := b.upsells[transaction] && !b.known[transaction]
		if !b.differ[transaction] && !early {
			t.Errorf("%s: a false mismatch: %s", transaction, what)
		}
	}
	if known := len(b.known); known < len(b.upsells)/4 && len(b.upsells) >= fewest {
		t.Errorf("%d of %d upsells were known as such", known, len(b.upsells))
	}
	for transaction := range b.differ {
		if toldAll && b.told[transaction] == "" {
			t.Errorf("%s: its mismatch was not told", transaction)
		}
	}
}

// withoutRefunds leaves out how many payments were given back: of several parts that reach the
// price together, the one that is heard of last takes the payment back, on its day.
func withoutRefunds(in map[figureOf]*ledger.Figure) map[figureOf]*ledger.Figure {
	out := summed(in, func(of figureOf) figureOf { return of })
	for _, f := range out {
		f.Refunds = 0
	}
	return out
}

// total sums the days.
func total(in map[figureOf]*ledger.Figure) map[figureOf]*ledger.Figure {
	return summed(in, func(of figureOf) figureOf { of.day = ""; return of })
}

// byCurrency sums all but the currency.
func byCurrency(in map[figureOf]*ledger.Figure) map[figureOf]*ledger.Figure {
	return summed(in, func(of figureOf) figureOf { return figureOf{currency: of.currency} })
}

func summed(
	in map[figureOf]*ledger.Figure, to func(figureOf) figureOf,
) map[figureOf]*ledger.Figure {
	out := map[figureOf]*ledger.Figure{}
	for of, f := range in {
		sum := at(out, to(of))
		sum.Payments += f.Payments
		sum.Revenue += f.Revenue
		sum.Refunds += f.Refunds
		sum.Refunded += f.Refunded
	}
	return out
}

// sameFigures tells of the first few figures that differ.
func sameFigures(t *testing.T, what string, got, want map[figureOf]*ledger.Figure) {
	t.Helper()
	of := slices.Collect(maps.Keys(want))
	for key := range got {
		if want[key] == nil {
			of = append(of, key)
		}
	}
	slices.SortFunc(of, func(a, b figureOf) int { return cmp.Compare(a.day, b.day) })
	wrong := 0
	for _, key := range of {
		if g, w := *at(got, key), *at(want, key); g != w {
			if wrong++; wrong <= 5 {
				t.Errorf("%s says of %+v:\n%+v, want\n%+v", what, key, g, w)
			}
		}
	}
	if wrong > 5 {
		t.Errorf("%s: %d figures are wrong", what, wrong)
	}
}
