package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

func TestPaymentComesBack(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	paid := s.Sold(t, ann, "/lifetime")
	s.Sold(t, ben, "/lifetime")
	s.WantCalls(t, 2)

	s.Pay(t, paid)
	payment := s.Event(t, sandbox.KindPayment)
	if payment.State != sandbox.Delivered || len(payment.Attempts) != 1 {
		t.Fatalf("the webhook is %s after %d tries", payment.State, len(payment.Attempts))
	}
	s.Deliver(t, payment, http.StatusOK)
	s.Deliver(t, payment, http.StatusOK)

	if next := s.Sold(t, ann, "/lifetime"); next.URL == paid.URL {
		t.Error("a paid link was given out again")
	}
	s.Sold(t, ben, "/lifetime")
	s.WantCalls(t, 3) // Ann's is new, Ben's came from the cache
	sold := `campaign="lifetime",experiment="price",type="consumable",variant="(control|cheaper)"`
	s.WantSum(t, shoptest.Conversions, sold, 1)
	s.WantSum(t, shoptest.Conversions, "", 1)
	s.WantSum(t, shoptest.Webhooks, `result="processed",type="payment"`, 1)
	s.WantSum(t, shoptest.Webhooks, `result="repeated",type="payment"`, 2)
	s.WantSum(t, shoptest.Webhooks, `result="processed",type="registration"`, 1)
}

// A subscription goes from its trial to a refund, out of order and with repeats; each payment
// counts once.
func TestLifeOfASubscription(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	link := s.Sold(t, ann, "/monthly")
	s.Zotlo.HoldWebhooks()
	trial := s.Pay(t, link, sandbox.Trial())
	paid, err := s.Zotlo.Renew(trial.TransactionID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Zotlo.Renew(trial.TransactionID); err != nil {
		t.Fatal(err)
	}
	if err := s.Zotlo.Status(trial.TransactionID, sandbox.EventActiveToGrace); err != nil {
		t.Fatal(err)
	}
	events := s.Zotlo.Events()
	for i := range events {
		e := events[len(events)-1-i]
		s.Deliver(t, e, http.StatusOK)
		s.Deliver(t, e, http.StatusOK)
	}
	for _, kind := range []string{"trial", "trial_to_paid", "renewal"} {
		s.WantSum(t, shoptest.Conversions,
			`campaign="monthly",experiment="",type="`+kind+`",variant=""`, 1)
	}
	s.WantSum(t, shoptest.Conversions, "", 3)
	s.WantSum(t, shoptest.Webhooks, `result="failed"`, 0)

	if got := s.Click(t, ann, "/monthly"); got.Header.Get("Location") != "/account" {
		t.Errorf("a subscriber was sent to %q, want the account page", got.Header.Get("Location"))
	}
	s.Zotlo.ReleaseWebhooks(t.Context())
	if _, err := s.Zotlo.Refund(paid.TransactionID); err != nil {
		t.Fatal(err)
	}
	s.WantSum(t, "caddy_checkout_refunds_total", `campaign="monthly"`, 1)
	// A refund takes its own transaction back; the renewal after it stands.
	if got := s.Click(t, ann, "/monthly"); got.Header.Get("Location") != "/account" {
		t.Errorf("after one refund a subscriber was sent to %q", got.Header.Get("Location"))
	}
	s.WantSum(t, "caddy_checkout_mismatches_total", "", 0)
}

// The shopper may write another address on the checkout page: what they were known by here dies as
// well.
func TestShopperPaysUnderAnotherAddress(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	link, other := s.Sold(t, ann, "/lifetime"), s.Sold(t, ben, "/lifetime")
	s.Pay(t, link, sandbox.As("BEN@example.com"))
	for email, old := range map[string]sandbox.Link{ann: link, ben: other} {
		if next := s.Sold(t, email, "/lifetime"); next.URL == old.URL {
			t.Errorf("%s was sent to the link from before the payment", email)
		}
	}
	s.WantCalls(t, 4)
	s.WantSum(t, shoptest.Conversions, "", 1)
}

// What comes back where the custom parameters lie elsewhere, or in the oldest form of the webhooks,
// is understood alike.
func TestOlderFormsOfThePayment(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	for i, form := range []sandbox.PayOption{sandbox.ParametersAtTop(), sandbox.Sample2020()} {
		email := fmt.Sprintf("form-%d@example.com", i)
		link := s.Sold(t, email, "/lifetime")
		s.Pay(t, link, form)
		payment := s.Event(t, sandbox.KindPayment)
		s.Deliver(t, payment, http.StatusOK)
		if next := s.Sold(t, email, "/lifetime"); next.URL == link.URL {
			t.Errorf("form %d: a paid link was given out again", i)
		}
		s.WantSum(t, shoptest.Conversions, `campaign="lifetime",experiment="price"`, float64(i+1))
	}
	s.WantSum(t, "caddy_checkout_mismatches_total", "", 0)
}

func TestOtherPriceThanAsked(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	s.Pay(t, s.Sold(t, ann, "/lifetime"), sandbox.Charge("9.99", "USD"))
	for kind, want := range map[string]float64{"price": 1, "currency": 1, "payment_type": 0} {
		s.WantSum(t, "caddy_checkout_mismatches_total", `campaign="lifetime",kind="`+kind+`"`, want)
	}
	if !s.Logged("a payment differs from what its link asked for") {
		t.Error("nothing is in the log")
	}
	// Nothing was asked for here, so nothing differs.
	s.Pay(t, s.Sold(t, ben, "/monthly"), sandbox.Charge("99.99", "TRY"))
	s.WantSum(t, "caddy_checkout_mismatches_total", "", 2)
	shoptest.WantNone(t, "the log", s.Log.String(),
		append(shoptest.Secrets(), ann, ben, shoptest.HookToken)...)
}
