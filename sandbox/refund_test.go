package sandbox_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// refunds reads the refund webhooks among what the shop was told since last
// time: what was given back of which price.
func refunds(t *testing.T, hooks *shop) []string {
	t.Helper()
	var list []string
	for _, body := range hooks.received() {
		var w struct {
			Queue      struct{ Type string }
			Parameters struct {
				Price       string
				RefundPrice string `json:"refund_price"`
			}
		}
		if err := json.Unmarshal([]byte(body), &w); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if w.Queue.Type == "TransactionRefund" {
			list = append(list, w.Parameters.RefundPrice+" of "+w.Parameters.Price)
		}
	}
	return list
}

// refundPart gives a part back, and says what the payment looks like then.
func refundPart(t *testing.T, s *harness, p sandbox.Payment, amount string) sandbox.Payment {
	t.Helper()
	s.clock.Advance(time.Second)
	after, err := s.RefundPart(p.TransactionID, amount)
	if err != nil {
		t.Fatalf("%s: %v", amount, err)
	}
	return after
}

func TestPartsOfTheMoneyReachThePrice(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(hooks.url)})
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))

	for _, step := range []struct{ part, sum string }{
		{"2", "2.00"}, {"0.1", "2.10"}, {"0.20", "2.30"},
	} {
		after := refundPart(t, s, p, step.part)
		if after.Refunded || after.RefundedPrice != step.sum {
			t.Errorf("after %s: %+v, want %s given back and more to give", step.part, after,
				step.sum)
		}
	}
	after := refundPart(t, s, p, "7.69")
	if !after.Refunded || after.RefundedPrice != "9.99" {
		t.Errorf("after the last part: %+v", after)
	}
	want := []string{"2.00 of 9.99", "0.10 of 9.99", "0.20 of 9.99", "7.69 of 9.99"}
	if diff := cmp.Diff(want, refunds(t, hooks)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]sandbox.Payment{after}, s.Payments()); diff != "" {
		t.Error(diff)
	}
}

func TestRefundGivesBackWhatIsLeft(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(hooks.url)})
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	refundPart(t, s, p, "2.00")
	after, err := s.Refund(p.TransactionID)
	if err != nil || !after.Refunded || after.RefundedPrice != "9.99" {
		t.Errorf("the rest: %+v, %v", after, err)
	}
	want := []string{"2.00 of 9.99", "7.99 of 9.99"}
	if diff := cmp.Diff(want, refunds(t, hooks)); diff != "" {
		t.Error(diff)
	}
}

func TestRefundsThatAreRefused(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{Webhooks: sandbox.Webhooks{Refunds: hooks.url}})
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	refundPart(t, s, p, "9.00")
	told(t, hooks, "refund start_paid 9.99")
	for _, amount := range []string{"1.00", "0", "0.00", "-1", "0.001", "1e-1", "1/2", "", "all"} {
		if _, err := s.RefundPart(p.TransactionID, amount); err != sandbox.ErrRefundAmount {
			t.Errorf("%q of 0.99: %v", amount, err)
		}
	}
	refundPart(t, s, p, "0.99")
	told(t, hooks, "refund start_paid 9.99")
	if _, err := s.RefundPart(p.TransactionID, "0.01"); err != sandbox.ErrRefunded {
		t.Errorf("a part of nothing: %v", err)
	}
	if _, err := s.Refund(p.TransactionID); err != sandbox.ErrRefunded {
		t.Errorf("a second refund: %v", err)
	}
	if _, err := s.RefundPart("none", "1.00"); err != sandbox.ErrNoPayment {
		t.Errorf("an unknown payment: %v", err)
	}
	told(t, hooks)
}

// A renewal is a payment of its own: giving back one month takes no other.
func TestRefundOfARenewalLeavesTheFirstPayment(t *testing.T) {
	s := open(t, sandbox.Config{})
	first := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	second := renew(t, s, first)
	if _, err := s.Refund(second.TransactionID); err != nil {
		t.Fatal(err)
	}
	list := s.Payments()
	if len(list) != 2 || list[0].RefundedPrice != "" || list[0].Refunded || !list[1].Refunded {
		t.Errorf("payments: %+v", list)
	}
}
