package sandbox_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// bills says what payments cost: all, one piece, how many, and the coupon.
func bills(list ...sandbox.Payment) []string {
	var said []string
	for _, p := range list {
		text := p.Status + " " + p.Price + " " + p.Currency + ", each "
		if p.Quantity != 1 {
			text += "of " + strconv.Itoa(p.Quantity) + " "
		}
		text += p.UnitPrice
		if p.Coupon != "" {
			text += ", " + p.Coupon
		}
		said = append(said, text)
	}
	return said
}

func TestWhatAPaymentCosts(t *testing.T) {
	half := sandbox.Discount{Code: "HALF", Percent: 50}
	always := sandbox.Discount{Code: "ALWAYS", Percent: 33, Recurring: true}
	tests := []struct {
		name string
		opts []sandbox.PayOption
		want []string // the first payment and two renewals
	}{
		{"plain", nil, []string{
			"start_paid 9.99 USD, each 9.99", "renewal 9.99 USD, each 9.99",
			"renewal 9.99 USD, each 9.99",
		}},
		{"three pieces", []sandbox.PayOption{sandbox.Quantity(3)}, []string{
			"start_paid 29.97 USD, each of 3 9.99", "renewal 29.97 USD, each of 3 9.99",
			"renewal 29.97 USD, each of 3 9.99",
		}},
		{"discount once", []sandbox.PayOption{sandbox.WithDiscount(half)}, []string{
			"start_paid 5.00 USD, each 9.99, HALF", "renewal 9.99 USD, each 9.99",
			"renewal 9.99 USD, each 9.99",
		}},
		{"discount on two pieces, always", []sandbox.PayOption{
			sandbox.WithDiscount(always), sandbox.Quantity(2),
		}, []string{
			"start_paid 13.39 USD, each of 2 9.99, ALWAYS",
			"renewal 13.39 USD, each of 2 9.99, ALWAYS",
			"renewal 13.39 USD, each of 2 9.99, ALWAYS",
		}},
		{"a discount waits for the end of a free trial", []sandbox.PayOption{
			sandbox.Trial(), sandbox.WithDiscount(half),
		}, []string{
			"trial 0.00 USD, each 0.00", "trial_to_paid 5.00 USD, each 9.99, HALF",
			"renewal 9.99 USD, each 9.99",
		}},
		{"all of it taken off", []sandbox.PayOption{
			sandbox.WithDiscount(sandbox.Discount{Code: "GIFT", Percent: 300}),
		}, []string{
			"start_paid 0.00 USD, each 9.99, GIFT", "renewal 9.99 USD, each 9.99",
			"renewal 9.99 USD, each 9.99",
		}},
		{"no pieces are one", []sandbox.PayOption{sandbox.Quantity(0)}, []string{
			"start_paid 9.99 USD, each 9.99", "renewal 9.99 USD, each 9.99",
			"renewal 9.99 USD, each 9.99",
		}},
		{"a price of nobody's", []sandbox.PayOption{
			sandbox.Charge("free", "XXX"), sandbox.Trial(),
		}, []string{
			"trial free XXX, each 0.00", "trial_to_paid 9.99 USD, each 9.99",
			"renewal 9.99 USD, each 9.99",
		}},
	}
	for _, tt := range tests {
		s := open(t, sandbox.Config{})
		first := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}), tt.opts...)
		renew(t, s, renew(t, s, first))
		if diff := cmp.Diff(tt.want, bills(s.Payments()...)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestPaidTrial(t *testing.T) {
	s := open(t, sandbox.Config{BaseLinks: sandbox.Catalog{
		"123": {TrialPeriod: "2 weeks", TrialPrice: "1.00", Currency: "EUR"},
	}})
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}), sandbox.Trial())
	stands(t, s, "active/active to "+(14*day).String())
	renew(t, s, p)
	want := []string{"trial 1.00 EUR, each 1.00", "trial_to_paid 9.99 EUR, each 9.99"}
	if diff := cmp.Diff(want, bills(s.Payments()...)); diff != "" {
		t.Error(diff)
	}
}

// money is what a payment webhook says of it.
type money struct {
	Price        any `json:"price"`
	PackagePrice any `json:"package_price"`
	Quantity     int `json:"quantity"`
	Coupon       any `json:"coupon_campaign"`
	RefundPrice  any `json:"refund_price"`
}

// moneyIn reads the newest webhook of a kind.
func moneyIn(t *testing.T, s *harness, kind sandbox.Kind) money {
	t.Helper()
	var w struct {
		Parameters money `json:"parameters"`
	}
	for _, e := range s.Events() {
		if e.Kind == kind {
			w.Parameters = money{}
			if err := json.Unmarshal(e.Body, &w); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w.Parameters
}

func TestQuantityAndDiscountOnTheWire(t *testing.T) {
	s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(shopHooks)})
	s.HoldWebhooks()
	buy := func() sandbox.Payment {
		return mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}),
			sandbox.Quantity(2), sandbox.WithDiscount(sandbox.Discount{Code: "TEN", Percent: 10}))
	}
	p := buy()
	coupon := map[string]any{"code": "TEN", "type": "rate"}
	want := money{Price: "17.98", PackagePrice: 9.99, Quantity: 2, Coupon: coupon}
	if diff := cmp.Diff(want, moneyIn(t, s, sandbox.KindPayment)); diff != "" {
		t.Error(diff)
	}
	ok(t, s.SetDoubts(sandbox.Doubts{
		PackagePriceIsTotal: true, CouponIsArray: true, RefundIsSum: true,
	}))
	buy()
	want = money{Price: "17.98", PackagePrice: 19.98, Quantity: 2, Coupon: []any{coupon}}
	if diff := cmp.Diff(want, moneyIn(t, s, sandbox.KindPayment)); diff != "" {
		t.Error(diff)
	}
	refundPart(t, s, p, "3")
	refundPart(t, s, p, "4")
	if got := moneyIn(t, s, sandbox.KindRefund).RefundPrice; got != "7.00" {
		t.Errorf("the sum so far is %v", got)
	}
}
