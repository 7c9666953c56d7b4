package main

import (
	"net/http"
	"testing"
)

func TestPaymentComesBackAndNobodyPaysTwice(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	link := ada.hit("/checkout/plus")
	ada.pay(link)
	happens(t, d, "the payment", func(it happening) bool {
		return it.Kind == kindPayment && it.Price == "4.99 EUR"
	})
	sentTo(t, ada.get("/checkout/plus"), "/account")
	sentTo(t, ada.get("/account"), "/account") // a new session, since the plan has changed
	says(t, ada.get("/account"), "Your plan: <strong>Plus</strong>", "4.99 EUR")
	says(t, ada.get("/"), "Your plan", "49.00 <span>EUR") // the price for members
	outcome(t, d, "subscribed")
	apiCalls(t, d, 1)
}

func TestWebhookNeedsItsToken(t *testing.T) {
	d := open(t, false)
	forged := `{"queue":{"type":"TransactionInsert"},"parameters":{"transaction_id":"1",
		"package_id":"forever","subscriber_id":"ada@kingfisher.example"}}`
	s := arrive(t, d)
	p := s.do(http.MethodPost, "/hooks/zotlo?token=guess", forged,
		"Content-Type", "application/json")
	if p.StatusCode != http.StatusUnauthorized {
		t.Errorf("answered %d, want 401", p.StatusCode)
	}
	if plan := d.shop.members.plan("ada"); plan != planFree {
		t.Errorf("a forged webhook gave Ada the plan %q", plan)
	}
}
