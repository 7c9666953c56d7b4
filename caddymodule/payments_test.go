package caddymodule_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever fails before a payment is marked as done, the repeat does all of it, and it is counted
// once.
func TestPaymentIsRepeatedUntilAllIsDone(t *testing.T) {
	for _, op := range []string{"forget", "read", "do"} {
		t.Run(op, func(t *testing.T) {
			s := openTill(t, subscriptionShop)
			stumble(op, 3)
			// to forget is tried three times by itself
			for range map[string]int{"forget": 1, "read": 3, "do": 3}[op] {
				s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
			}
			s.counted(0)
			s.hears("TransactionInsert", "1", http.StatusOK)
			s.hears("TransactionInsert", "1", http.StatusOK)
			s.counted(1)
			s.leadsTo("/account")
		})
	}
}

// A panic of ours is no payment lost, and no end of the process.
func TestPanicWhilePayingIsRepeated(t *testing.T) {
	s := openTill(t, subscriptionShop)
	stumble("do, panic", 1)
	s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	s.counted(0)
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.counted(1)
	s.leadsTo("/account")
}

// The app of a subscriber asks with JSON, and is told where they go.
func TestSubscribersAppIsToldWhereToGo(t *testing.T) {
	s := openTill(t, subscriptionShop)
	s.hears("TransactionInsert", "1", http.StatusOK)
	res := s.click("/monthly", by("ann@example.com"), header("Accept", "application/json"))
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK ||
		string(body) != `{"url":"`+s.site.URL+`/account"}`+"\n" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

// A payment may name what the configuration knows no more. It counts, under one name, so that
// nobody makes series at will.
func TestPaymentForWhatIsGone(t *testing.T) {
	s := openTill(t, subscriptionShop)
	for i, sold := range []string{"c=gone", "c=gone&e=old&v=cheaper", "c=monthly&e=old&v=cheaper"} {
		before := s.conversionsOf("_other")
		s.hears("TransactionInsert", fmt.Sprint("gone-", i), http.StatusOK, "c=monthly", sold,
			`"transaction_id":"1"`, fmt.Sprintf(`"transaction_id":"gone-%d"`, i))
		if s.conversionsOf("_other") != before+1 {
			t.Errorf("a payment of %s is not one of _other", sold)
		}
	}
}

// A cache that is slow for a moment must not keep a paid link for as long as its ttl: Zotlo repeats
// later than that.
func TestForgettingIsTriedAgain(t *testing.T) {
	s := openTill(t, strings.Replace(subscriptionShop, "\t\t\tafter_payment /account\n", "", 1))
	stumble("forget", 2)
	s.hears("TransactionInsert", "1", http.StatusOK)
	if s.goes() == s.link {
		t.Error("the paid link was given out again")
	}
}

// The payment was written, but the answer that says so got lost. What it did stands. The repeat
// finds it, so the counter, which follows the answer, misses it instead of counting it twice.
func TestPaymentStandsThoughItsAnswerGotLost(t *testing.T) {
	s := openTill(t, subscriptionShop)
	stumble("do, done", 1)
	s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	s.leadsTo("/account")
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.hears("TransactionInsert", "2", http.StatusOK)
	s.counted(0)
	s.leadsTo("/account")
}

// Anyone who got their money back may buy again, though the ledger failed when we heard of it.
func TestRefundIsRepeatedUntilItIsWritten(t *testing.T) {
	s := openTill(t, subscriptionShop)
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.leadsTo("/account")
	stumble("do", 1)
	s.hears("TransactionRefund", "2", http.StatusServiceUnavailable)
	s.leadsTo("/account")
	s.hears("TransactionRefund", "2", http.StatusOK)
	if got := s.goes(); got == "/account" || got == "" {
		t.Errorf("a click leads to %q, want a link", got)
	}
	s.hears("TransactionInsert", "1", http.StatusOK) // a late repeat does not undo the refund
	if got := s.goes(); got == "/account" {
		t.Error("a repeated payment undid its refund")
	}
}

// The payment's first delivery failed, its refund came, and then Zotlo repeated the payment.
func TestLateRepeatDoesNotUndoARefund(t *testing.T) {
	s := openTill(t, subscriptionShop)
	stumble("read", 1)
	s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	s.hears("TransactionRefund", "2", http.StatusOK)
	s.hears("TransactionInsert", "1", http.StatusOK)
	if got := s.goes(); got == "/account" {
		t.Error("they got their money back and cannot buy")
	}
}

// Two of a subscriber's payments were given back before the first one's webhook was repeated.
func TestEachRefundStands(t *testing.T) {
	s := openTill(t, subscriptionShop)
	stumble("do", 1)
	s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	s.hears("TransactionRefund", "2", http.StatusOK)
	s.hears("TransactionRefund", "3", http.StatusOK, `"transaction_id":"1"`, `"transaction_id":"0"`)
	s.hears("TransactionInsert", "1", http.StatusOK)
	if got := s.goes(); got == "/account" {
		t.Error("they got their money back and cannot buy")
	}
}

// Zotlo hangs up before it has our answer. The payment stands.
func TestPaymentOutlivesItsRequest(t *testing.T) {
	s := openTill(t, subscriptionShop)
	gone, leave := context.WithCancel(t.Context())
	leave()
	s.ServeHTTP(httptest.NewRecorder(), s.webhook(gone, "TransactionInsert", "1"))
	s.counted(1)
	s.leadsTo("/account")
}

// A ledger that cannot be read costs nobody their link, and is told.
func TestClickGoesOnWithoutTheLedger(t *testing.T) {
	s := openTill(t, subscriptionShop)
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.leadsTo("/account")
	stumble("read", 1)
	if got := s.goes(); got == "/account" || got == "" {
		t.Errorf("a click leads to %q, want a link", got)
	}
	s.leadsTo("/account")
}
