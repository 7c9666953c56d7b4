package zotlo

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// readable fails the test if an event holds what no reader lets through.
func readable(t *testing.T, e Event) {
	t.Helper()
	for _, price := range []string{e.Price, e.RefundPrice} {
		if price != "" && !isDecimal(price) {
			t.Fatalf("price %q", price)
		}
	}
	for _, text := range []string{
		e.TransactionID, e.OriginalID, e.SubscriberID, e.PackageID, e.SubscriptionID, e.Status,
	} {
		if len(text) > maxLooseText || strings.ContainsAny(text, "\r\n\x00") {
			t.Fatalf("text %q", text)
		}
	}
	if len(e.Currency)%3 != 0 || e.Quantity > maxCount || e.Kind != WebhookStatus && e.Quantity < 1 {
		t.Fatalf("currency %q, quantity %d", e.Currency, e.Quantity)
	}
	for _, part := range e.Refunds {
		if part.Price == "" && part.At.IsZero() || part.Price != "" && !isDecimal(part.Price) {
			t.Fatalf("a part %+v", part)
		}
	}
	byTime := func(a, b Refund) int { return a.At.Compare(b.At) }
	if !slices.IsSortedFunc(e.Refunds, byTime) || e.Refunded && !e.RefundsKnown {
		t.Fatalf("refunds %+v, %v, %v", e.Refunds, e.Refunded, e.RefundsKnown)
	}
}

func FuzzDetail(f *testing.F) {
	for _, seed := range []string{
		`{"meta":{"httpStatus":200},"result":{"transaction":{"transaction_id":"T-1","price":"1.49","currency":"USD","status":"renewal"},"transactionLog":[]}}`,
		`{"result":{"transaction":{"transactionId":"T-1","is_refund":1,"quantity":2},"refundHistory":[{"refund_price":"1"},{"amount":2,"date":"2026-03-14 12:00:00"}]}}`,
		`{"result":{"transaction":"{\"transaction_id\":\"T-1\",\"refund\":{\"0\":{\"price\":1}}}"}}`,
		`{"result":[]}`, `{"result":{"transaction":[]}}`, `{"meta":{"errorCode":400009},"result":[]}`, `7`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a := readAnswer(http.StatusOK, body)
		if a.judgeRead() != nil {
			return
		}
		e, err := readDetail(a, "T-1")
		if err != nil {
			if unknown := errors.Is(err, ErrUnknownTransaction); unknown != (err.Result == ResultRefused) || err.cause == nil {
				t.Fatalf("%+v", err)
			}
			return
		}
		if e.TransactionID != "T-1" || e.Kind != WebhookPayment || !json.Valid(body) {
			t.Fatalf("%+v", e)
		}
		readable(t, e)
	})
}

func FuzzExportPage(f *testing.F) {
	kinds := []string{WebhookPayment, WebhookRefund, WebhookStatus}
	for _, seed := range []string{
		`{"result":{"data":[{"id":1,"transactionId":"T-1","price":"9.99","currency":"USD"}],"paging":{"cursors":{"previous":null,"next":"abc"}}}}`,
		`{"result":{"data":[{"transaction_id":"T-1","refund_date":"2026-03-14 12:00:00","refund_price":2.5}],"paging":{"cursors":{"next":null}}}}`,
		`{"result":{"data":{"0":{"subscriptionId":7,"realStatus":"passive","freezeEndDate":null},"2":[]},"paging":[]}}`,
		`{"result":{"data":[]}}`, `{"result":[]}`, `{"result":{"data":[{}],"paging":{"cursors":{"next":7}}}}`,
	} {
		for i := range kinds {
			f.Add(i, []byte(seed))
		}
	}
	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, kind int, body []byte) {
		kind = (kind%3 + 3) % 3
		a := readAnswer(http.StatusOK, body)
		p, e := readPage(a, kinds[kind])
		if e != nil {
			if e.Result != ResultBadAnswer || len(p.records) > 0 || p.next != "" {
				t.Fatalf("%+v beside %+v", p, e)
			}
			return
		}
		if p.unread > 0 && len(p.records) == 0 || p.next != "" && len(p.records) == 0 || len(p.next) > maxCursor {
			t.Fatalf("%+v", p)
		}
		for _, r := range p.records {
			readable(t, r.Event)
			if r.Kind != kinds[kind] || r.TransactionID+r.SubscriptionID+r.OriginalID == "" || r.AsOf(now).After(now) {
				t.Fatalf("%+v", r)
			}
		}
	})
}

func TestRefundHistories(t *testing.T) {
	at := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	two := []Refund{{Price: "2.50", At: at}, {Price: "7.49", At: at.Add(time.Hour), Chargeback: true}}
	first := `{"refund_price":"2.50","refund_date":"2026-03-14 12:00:00"}`
	second := `{"refundPrice":7.49,"refundDate":"2026-03-14 13:00:00","refundReason":"chargeback_dispute"}`
	for body, want := range map[string][]Refund{
		`{"transaction":{"transaction_id":"T"},"refundHistory":[` + second + `,` + first + `]}`:                two,
		`{"transaction":{"transaction_id":"T","refundHistory":[` + first + `,` + second + `]}}`:                two,
		`{"transaction":{"transaction_id":"T","refund_history":{"0":` + first + `,"3":` + second + `}}}`:       two,
		`{"transaction":{"transaction_id":"T","refund":` + first + `}}`:                                        two[:1],
		`{"transaction":{"transaction_id":"T","refunds":[{},7,null,` + first + `]}}`:                           two[:1],
		`{"transaction":{"transaction_id":"T","refund":null},"refundHistory":[]}`:                              nil,
		`{"transaction":{"transaction_id":"T","refund":{"amount":"2.50","date":"2026-03-14T12:00:00Z"}}}`:      two[:1],
		`{"transaction":{"transaction_id":"T","refundHistory":"[{\"amount\":\"2.50\"}]","refund":"not much"}}`: {{Price: "2.50"}},
		`{"transaction":{"transaction_id":"T","refund":"{\"amount\":\"2.50\"}"}}`:                              {{Price: "2.50"}},
	} {
		e, err := readDetail(readAnswer(http.StatusOK, []byte(`{"result":`+body+`}`)), "T")
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if !slices.Equal(e.Refunds, want) || e.Refunded != (want != nil) {
			t.Errorf("%s: %+v, %v", body, e.Refunds, e.Refunded)
		}
	}
	for record, want := range map[string][2]bool{ // known, refunded
		`"is_refund":"0"`: {true, false}, `"is_refund":1`: {true, true}, `"isRefund":true`: {true, true},
		`"refund_price":null`: {true, false}, `"refund_price":"0.00"`: {true, false}, `"refundPrice":0.01`: {true, true}, `"refund":null`: {true, false}, `"x":1`: {},
	} {
		e, err := readDetail(readAnswer(http.StatusOK, []byte(`{"result":{"transaction":{"transaction_id":"T",`+record+`}}}`)), "T")
		if err != nil || [2]bool{e.RefundsKnown, e.Refunded} != want {
			t.Errorf("%s: known %v, refunded %v, %v", record, e.RefundsKnown, e.Refunded, err)
		}
	}
}
