package ledger_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
	"github.com/caddy-checkout/checkout/zotlo"
)

// fuzzLedger is an empty ledger.
func fuzzLedger(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), memorystore.New(nil), ledger.Config{
		Secrets: storySecrets(t),
		Failed:  func(operation string, err error) { t.Errorf("%s: %v", operation, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// FuzzWebhook hears whatever anybody may post: as it is, again, again under another id, and as the
// refund of itself. Nothing panics, nothing counts twice, and no more is given back than was paid.
func FuzzWebhook(f *testing.F) {
	f.Add([]byte(`{"queue":{"type":"TransactionInsert","requestID":"r1"},"parameters":{
		"transaction_id":"t1","status":"start_paid","price":"9.99","currency":"EUR",
		"custom_parameters":{"checkout":"c=pro&p=9.99&u=EUR&r=x"},"quantity":"3.00",
		"purchase_date":"2026-03-14 12:00:00","expire_date":"2026-04-14 12:00:00"}}`))
	f.Add([]byte(`{"queue":{"type":"TransactionRefund"},"parameters":{"transaction_id":"t1",
		"status":"trial","refund_price":"-2","refund_date":"9999-12-31 23:59:59","price":0}}`))
	f.Add([]byte(`{"queue":{"type":"SubscriberUpdate","createDate":"0001-01-01 00:00:00"},
		"parameters":{"profile":{"status":"active","originalTransactionId":"t1",
		"freezeEndDate":"9999-12-31 00:00:00","package":"pro"}}}`))
	f.Add([]byte(`{"queue":{"type":"TransactionInsert"},"parameters":{"price":"999999999999.9999"}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := zotlo.ParseWebhook(body)
		if err != nil {
			return
		}
		l := fuzzLedger(t)
		counted := 0
		hear := func(e zotlo.Event) ledger.News {
			news, err := l.Record(t.Context(), ledger.Delivery{
				Event: e, Body: body, Payer: "payer", Attribution: storySecrets(t).Read(e.Checkout...),
			})
			if err != nil {
				t.Fatal(err)
			}
			return news
		}
		other, back := e, e
		other.RequestID += "x"
		if e.Kind == zotlo.WebhookPayment {
			back.Kind = zotlo.WebhookRefund
		}
		for _, e := range []zotlo.Event{e, e, other, back} {
			if news := hear(e); news.Payment != nil {
				counted++
			}
		}
		if counted > 1 && e.TransactionID != "" {
			t.Errorf("it counts %d times", counted)
		}
		consistent(t, l, e)
	})
}

// consistent wants the days of an event to say nothing that cannot be.
func consistent(t *testing.T, l *ledger.Ledger, e zotlo.Event) {
	t.Helper()
	var paid, back, payments, refunds int64
	for _, at := range []time.Time{e.PurchasedAt, e.RefundedAt, e.CreatedAt, time.Now()} {
		if at.IsZero() {
			continue
		}
		figures, err := l.Days(t.Context(), at, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range figures {
			if f.Payments < 0 || f.Refunds < 0 || f.Refunded < 0 && f.Revenue >= 0 {
				t.Errorf("a day says %+v", f)
			}
			paid, back = max(paid, int64(f.Revenue)), max(back, int64(f.Refunded))
			payments, refunds = max(payments, f.Payments), max(refunds, f.Refunds)
		}
	}
	if e.Kind == zotlo.WebhookPayment && e.TransactionID != "" && (back > paid || refunds > payments) {
		t.Errorf("%d of %d was given back", back, paid)
	}
	if err := l.Export(t.Context(), new(bytes.Buffer)); err != nil {
		t.Error(err)
	}
}

// FuzzImport brings lines that somebody has changed. Nothing panics; and whatever an import says, the
// ledger works afterwards, and can be exported and imported.
func FuzzImport(f *testing.F) {
	f.Add(`{"sale":{"transaction":"t1","charges":[{"status":"x","amount":1}]}}`)
	f.Add(`{"origin":{"original":"t1","backs":[{"at":1}],"state":{"at":1,"status":"active"}}}`)
	f.Add(`{"id":"AAAAAAAAAAAAAAAAAAAAAA==","events":[{"name":"x","at":1}]}`)
	f.Add(`{"day":"2026-01-01","row":{"n":1}}`)
	f.Add(`{"sale":{"transaction":"t2","refunds":[{"status":"x","said":-5,"counted":9}]}}`)
	f.Fuzz(func(t *testing.T, line string) {
		l := fuzzLedger(t)
		var text strings.Builder
		if err := l.Export(t.Context(), &text); err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(text.String(), "\n")
		whole := header + "\n" + line + "\n" + `{"facts":1}` + "\n"
		_, _ = l.Import(t.Context(), strings.NewReader(whole))
		e := zotlo.Event{
			Kind: zotlo.WebhookPayment, Type: "start_paid", Status: "start_paid",
			TransactionID: "of this test", Price: "1.00", Currency: "EUR",
		}
		news, err := l.Record(t.Context(), ledger.Delivery{Event: e, Payer: "payer"})
		if err != nil || news.Payment == nil {
			t.Errorf("after an import a payment is %+v, %v", news, err)
		}
		text.Reset()
		if err := l.Export(t.Context(), &text); err != nil {
			t.Fatal(err)
		}
		if _, err := fuzzLedger(t).Import(t.Context(), strings.NewReader(text.String())); err != nil {
			t.Errorf("what it exports cannot be imported: %v", err)
		}
	})
}
