package sandbox_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// total adds up amounts.
func total(amounts ...string) string {
	sum := new(big.Rat)
	for _, a := range amounts {
		if n, ok := new(big.Rat).SetString(a); ok {
			sum.Add(sum, n)
		}
	}
	return sum.FloatString(2)
}

// Whatever is done in whatever order, the books add up: refunds to what the
// payments say was given back, exports to the payments.
func TestBooksAddUp(t *testing.T) {
	s := open(t, sandbox.Config{})
	dice := rand.New(rand.NewPCG(1, 2))
	var ids []string
	for i := range 300 {
		s.clock.Advance(time.Hour)
		if len(ids) == 0 || dice.IntN(3) == 0 {
			opts := []sandbox.PayOption{sandbox.Quantity(1 + dice.IntN(3))}
			if dice.IntN(2) == 0 {
				opts = append(opts, sandbox.Trial())
			}
			p := mustPay(t, s, s.link(t, fields{
				"subscriberId": fmt.Sprintf("user-%d@example.com", i),
			}), opts...)
			ids = append(ids, p.TransactionID)
			continue
		}
		anyStep(t, s, dice, ids[dice.IntN(len(ids))], &ids)
	}
	var prices, back, refunds []string
	for _, p := range s.Payments() {
		prices = append(prices, p.Price)
		back = append(back, p.RefundedPrice)
		if p.Refunded != (total(p.RefundedPrice) == total(p.Price) && p.RefundedPrice != "") {
			t.Errorf("%+v", p)
		}
	}
	for _, r := range s.Refunds() {
		refunds = append(refunds, r.Amount)
	}
	if total(back...) != total(refunds...) || len(refunds) == 0 {
		t.Errorf("given back %s, refunds of %s", total(back...), total(refunds...))
	}
	var exported []string
	for after := ""; ; {
		page, c := s.page(t, payments, "limit", "7", "after", after)
		exported = append(exported, page...)
		if c["next"] == nil {
			break
		}
		after = *c["next"]
	}
	slices.Reverse(exported)
	if !slices.EqualFunc(exported, s.Payments(), func(id string, p sandbox.Payment) bool {
		return id == p.TransactionID
	}) {
		t.Errorf("%d exported of %d payments", len(exported), len(prices))
	}
}

// anyStep does one of the things that may happen to a payment. Those that make
// no sense just now are refused.
func anyStep(t *testing.T, s *harness, dice *rand.Rand, id string, ids *[]string) {
	t.Helper()
	var p sandbox.Payment
	var err error
	switch dice.IntN(8) {
	case 0:
		_, err = s.RefundPart(id, "1.00")
	case 1:
		_, err = s.Refund(id)
	case 2:
		p, err = s.Upsell(id, team)
	case 3:
		p, err = s.Upgrade(id, team)
	case 4:
		err = s.Cancel(id)
	case 5:
		err = s.FailRenewal(id)
	default:
		p, err = s.Renew(id)
	}
	if err != nil && !strings.HasPrefix(err.Error(), "sandbox: ") {
		t.Error(err)
	}
	if p.TransactionID != "" {
		*ids = append(*ids, p.TransactionID)
	}
}

// Everything at once: for the race detector.
func TestManyAtOnce(t *testing.T) {
	s, _ := openWithHooks(t, sandbox.Config{})
	first := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	id := first.TransactionID
	var wg sync.WaitGroup
	for _, step := range []func(){
		func() { _, _ = s.Renew(id) },
		func() { _, _ = s.RefundPart(id, "0.01") },
		func() { _ = s.Cancel(id) },
		func() { _ = s.SetDoubts(sandbox.Doubts{ExportOldestFirst: true}) },
		func() { _ = s.SetPost(sandbox.Post{Shuffle: true, Repeat: 50}) },
		func() { s.Shift(time.Hour) },
		func() { s.read(t, payments) },
		func() { s.read(t, sandbox.SubscriptionsExportPath) },
		func() { s.read(t, sandbox.TransactionDetailPath, "transactionId", id) },
		func() { s.get(t, s.salesURL()+"sales/"+id) },
		func() { s.look(t, "webhooks", nil) },
	} {
		wg.Go(func() {
			for range 10 {
				step()
			}
		})
	}
	wg.Wait()
	if n := len(s.Payments()); n != 11 {
		t.Errorf("%d payments", n)
	}
}

func TestMemoryOfPaymentsIsBounded(t *testing.T) {
	s := open(t, sandbox.Config{
		KeepPayments: 3, KeepWebhooks: 2, Webhooks: sandbox.WebhooksTo(shopHooks),
	})
	s.HoldWebhooks()
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	for range 3 {
		p = renew(t, s, p)
		refundPart(t, s, p, "1.00")
		refundPart(t, s, p, "1.00")
	}
	if len(s.Payments()) != 3 || len(s.Refunds()) != 3 || len(s.Events()) != 2 {
		t.Errorf("%d payments, %d refunds, %d webhooks", len(s.Payments()), len(s.Refunds()),
			len(s.Events()))
	}
}
