package sandbox_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestALinkIsPaidOnce(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{Webhooks: sandbox.Webhooks{Payments: hooks.url}})
	link := s.link(t, fields{"subscriberId": "ada@example.com"})
	var wins atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			switch _, err := s.Pay(link); err {
			case nil:
				wins.Add(1)
			case sandbox.ErrPaid:
			default:
				t.Error(err)
			}
		})
	}
	for range 4 {
		wg.Go(func() { s.Deliver(t.Context()) })
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Errorf("paid %d times", wins.Load())
	}
	told(t, hooks, "payment start_paid 9.99")
}

func TestStoryOfASubscription(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(hooks.url)})
	first := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}), sandbox.Trial())
	told(t, hooks, "payment trial 0.00", "status newSubscriber active",
		"registration ada@example.com")

	s.clock.Advance(7 * 24 * 60 * 60e9)
	second := renew(t, s, first)
	told(t, hooks, "payment trial_to_paid 9.99", "status renewal active")
	third := renew(t, s, second)
	told(t, hooks, "payment renewal 9.99", "status renewal active")

	change(t, s, first, sandbox.EventCancel)
	told(t, hooks, "status cancel passive")
	renew(t, s, first)
	told(t, hooks, "payment reactive 9.99", "status reactivate active")

	change(t, s, first, sandbox.EventActiveToGrace)
	change(t, s, first, sandbox.EventGraceToPassive)
	change(t, s, first, "somethingNew")
	told(t, hooks, "status activeToGrace grace", "status graceToPassive passive",
		"status somethingNew passive")
	renew(t, s, first, sandbox.Charge("12.00", "EUR"))
	told(t, hooks, "payment reactive 12.00", "status reactivate active")

	if _, err := s.Refund(third.TransactionID); err != nil {
		t.Error(err)
	}
	told(t, hooks, "refund renewal 9.99")
	if _, err := s.Refund(third.TransactionID); err != sandbox.ErrRefunded {
		t.Errorf("a second refund: %v", err)
	}
	for i, p := range s.Payments() {
		if p.OriginalTransactionID != first.TransactionID ||
			(i > 0) == (p.TransactionID == first.TransactionID) || p.Refunded != (i == 2) {
			t.Errorf("payment %d: %+v", i, p)
		}
	}
}

func TestStoryOfAOneTimePurchase(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{})
	s.SetWebhooks(sandbox.Webhooks{Payments: hooks.url, Refunds: hooks.url, Status: hooks.url})
	p := mustPay(t, s, s.link(t, fields{"customPrice": "5", "customCurrency": "TRY"}),
		sandbox.As("bob@example.com"), sandbox.Trial())
	told(t, hooks, "payment consumable 5.00")
	if p.PaymentType != sandbox.Consumable || p.Currency != "TRY" ||
		p.SubscriberID != "bob@example.com" {
		t.Errorf("payment %+v", p)
	}
	if _, err := s.Renew(p.TransactionID); err != sandbox.ErrNotSubscription {
		t.Errorf("renewing it: %v", err)
	}
	if err := s.Status(p.TransactionID, sandbox.EventCancel); err != sandbox.ErrNotSubscription {
		t.Errorf("cancelling it: %v", err)
	}
	for _, err := range []error{
		func() error { _, err := s.Renew("none"); return err }(),
		func() error { _, err := s.Refund("none"); return err }(),
		s.Status("none", sandbox.EventCancel),
	} {
		if err != sandbox.ErrNoPayment {
			t.Errorf("an unknown payment: %v", err)
		}
	}
	if _, err := s.Pay("https://elsewhere.example.com/pay/none"); err != sandbox.ErrNoLink {
		t.Errorf("paying an unknown link: %v", err)
	}
	if _, err := s.Pay(s.link(t, nil)); err != sandbox.ErrNoSubscriber {
		t.Errorf("nobody paying: %v", err)
	}
	told(t, hooks)
}
