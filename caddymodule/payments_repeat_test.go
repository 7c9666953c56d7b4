package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"
)

// Zotlo may say one thing twice under two ids, and two things under one transaction.
func TestPaymentUnderANewIDIsARepeat(t *testing.T) {
	s := openTill(t, subscriptionShop)
	for _, id := range []string{"r1", "r1", "r2", "r3"} {
		s.hears("TransactionInsert", id, http.StatusOK)
	}
	s.counted(1)
	s.hears("TransactionInsert", "r4", http.StatusOK, "start_paid", "renewal",
		`"transaction_id":"1"`, `"transaction_id":"2"`)
	s.counted(2)
}

// What was processed changes nothing when it comes again, not even the cache.
func TestRepeatForgetsNothing(t *testing.T) {
	s := openTill(t, strings.Replace(subscriptionShop, "\t\t\tafter_payment /account\n", "", 1))
	s.hears("TransactionInsert", "r1", http.StatusOK)
	link := s.goes()
	s.hears("TransactionInsert", "r1", http.StatusOK)
	s.hears("TransactionInsert", "r2", http.StatusOK)
	s.leadsTo(link)
}

// Nobody has paid in a sandbox; the link is dead all the same.
func TestSandboxPaymentIsNoConversion(t *testing.T) {
	for _, mark := range []string{`"isSandbox":1`, `"is_sandbox":"true"`, `"sandbox":true`} {
		t.Run(mark, func(t *testing.T) {
			s := openTill(t, subscriptionShop)
			s.hears("TransactionInsert", "r1", http.StatusOK, `"status"`, mark+`,"status"`)
			s.hears("TransactionRefund", "r2", http.StatusOK, `"status"`, mark+`,"status"`)
			s.counted(0)
			if got := s.goes(); got == "/account" || got == s.link {
				t.Errorf("a click leads to %q, want a new link", got)
			}
			// of the same number in the other world
			s.hears("TransactionInsert", "r3", http.StatusOK)
			s.counted(1)
			s.leadsTo("/account")
		})
	}
}

// A shopper who got a part of their money back has what they paid for.
func TestPartOfTheMoneyBack(t *testing.T) {
	s := openTill(t, subscriptionShop)
	priced := []string{`"status"`, `"price":"9.99","status"`}
	s.hears("TransactionInsert", "r1", http.StatusOK, priced...)
	s.hears("TransactionRefund", "r2", http.StatusOK, `"status"`,
		`"price":"9.99","refund_price":"2.00","status"`)
	s.leadsTo("/account")
	s.hears("TransactionRefund", "r3", http.StatusOK, `"status"`,
		`"price":"9.99","refund_price":"7.99","status"`)
	if got := s.goes(); got == "/account" {
		t.Error("all of the money is back, and they cannot buy")
	}
}

// A campaign that this configuration does not know may have sold it.
func TestRefundWithoutAttributionTakesItsPaymentBack(t *testing.T) {
	s := openTill(t, subscriptionShop)
	s.hears("TransactionInsert", "r1", http.StatusOK)
	s.leadsTo("/account")
	s.hears("TransactionRefund", "r2", http.StatusOK, `"checkout":"c=monthly"`, ``)
	if got := s.goes(); got == "/account" {
		t.Error("they got their money back and cannot buy")
	}
}
