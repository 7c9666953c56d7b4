package ledgermodel

import (
	"testing"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/ledger"
)

// comparePartners holds what the ledger says of partners against the books: the sums over partners
// are those of the payments, in whatever order webhooks came.
func (b *books) comparePartners(t *testing.T, numbers []ledger.PartnerNumbers) {
	t.Helper()
	type line struct{ partner, currency string }
	want := summed(b.figures, func(of figureOf) figureOf {
		return figureOf{currency: of.currency, by: ledger.Source{Partner: of.by.Partner}}
	})
	got := map[line]ledger.PartnerNumbers{}
	for _, n := range numbers {
		got[line{n.Code, n.Currency}] = n
	}
	lines := 0
	for of, f := range want {
		if of.by.Partner == "" || f.Revenue == 0 && f.Refunded == 0 {
			continue
		}
		lines++
		var share money.Share
		share.Add(f.Revenue-f.Refunded, partnerShares[of.by.Partner])
		n := got[line{of.by.Partner, of.currency}]
		if n.Revenue != f.Revenue.String() || n.Refunds != f.Refunded.String() ||
			n.Share != share.String() {
			t.Errorf("of %s in %s the ledger says %+v, want %s, %s given back, share %s",
				of.by.Partner, of.currency, n, f.Revenue, f.Refunded, share.String())
		}
	}
	if len(numbers) != lines {
		t.Errorf("the ledger has %d lines of partners, want %d", len(numbers), lines)
	}
}

// withoutPartners sums what days do not tell apart.
func withoutPartners(in map[figureOf]*ledger.Figure) map[figureOf]*ledger.Figure {
	return summed(in, func(of figureOf) figureOf { of.by.Partner = ""; return of })
}
