package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/sandbox"
)

const (
	// hooksAtOnce is how many webhooks are under way, and hookBar how many a second must be answered
	// 200 when each of them is on the disk before.
	hooksAtOnce = 64
	hookBar     = 500
	hookPath    = "/hooks"
	hookToken   = "the-token-of-a-benchmark"
)

// measureWebhooks lets Zotlo tell of first payments, each of another shopper who bought under a link
// of their own; then of the same ones again, which changes nothing.
func measureWebhooks(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: fmt.Sprintf("%d webhooks at once, `ledger file`", hooksAtOnce),
		head: []string{
			"webhooks", "answers 200", "a second", "median", "99 %", "slowest", "server CPU each",
			"bar", "",
		},
	}
	s := shop{
		campaigns: plain,
		routes:    []route{{hookPath, "checkout_webhook {\n\t\t\ttoken " + hookToken + "\n\t\t}"}},
	}
	site, err := l.startCaddy(ctx, s.text())
	if err != nil {
		return nil, err
	}
	defer site.stop()
	requests, err := firstPayments(l.crowd)
	if err != nil {
		return nil, err
	}
	for _, row := range []string{"first payments", "the same again"} {
		if err := l.tell(&t, site, row, requests); err != nil {
			return []table{t}, fmt.Errorf("%s: %w\n%s", row, err, site.complaint())
		}
	}
	page, err := site.admin(ctx, http.MethodGet, "/metrics", "", nil)
	if err != nil {
		return []table{t}, err
	}
	counted := fmt.Sprintf(`caddy_checkout_conversions_total{campaign="pro",experiment="",`+
		`type="start_paid",variant=""} %d`+"\n", len(requests))
	if !bytes.Contains(page, []byte(counted)) {
		return []table{t}, fmt.Errorf("not all of %d payments were counted once, for their campaign",
			len(requests))
	}
	t.note("A webhook is answered when its payment, its subscription, its subscriber and the sums " +
		"are synced to the disk; those that come at once share a sync.")
	return []table{t}, nil
}

// tell sends webhooks, and adds a row. Any other answer than 200 is an error.
func (l *lab) tell(t *table, site *server, row string, requests [][]byte) error {
	c, err := dial(site.addr, hooksAtOnce, http.StatusOK, repeat(requests))
	if err != nil {
		return err
	}
	defer c.close()
	before, err := cpuTime(site.pid())
	if err != nil {
		return err
	}
	start := time.Now()
	took, err := c.timed(len(requests))
	if err != nil {
		return err
	}
	total := time.Since(start)
	after, err := cpuTime(site.pid())
	if err != nil {
		return err
	}
	rate := float64(len(requests)) / total.Seconds()
	t.add(row, fmt.Sprint(len(requests)), fmt.Sprintf("%.0f", rate), millis(median(took)),
		millis(quantile(took, 0.99)), millis(quantile(took, 1)),
		micros((after-before)/time.Duration(len(requests))), fmt.Sprintf("≥ %d a second", hookBar),
		verdict(rate >= hookBar))
	return nil
}

// firstPayments are webhooks as bytes.
func firstPayments(n int) ([][]byte, error) {
	secrets, err := ledger.NewSecrets([]byte(sandbox.DefaultAccessSecret))
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	requests := make([][]byte, n)
	for i := range requests {
		id := fmt.Sprintf("f3b1c2d4-0000-4000-8000-%012d", i)
		by := secrets.Sign(ledger.Attribution{
			Campaign: "pro", Random: fmt.Sprintf("%012d", i), Minute: ledger.MinuteOf(now),
		})
		at := now.Format(time.DateTime)
		body := fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"r%s","createDate":%q},`+
			`"parameters":{"transaction_id":%q,"original_transaction_id":%q,"status":"start_paid",`+
			`"payment_type":"subscription","package_id":"pro-monthly","price":"9.99",`+
			`"currency":"EUR","quantity":1,"purchase_date":%q,"expire_date":%q,`+
			`"subscriber_id":"shopper-%d@example.com","custom_parameters":{"checkout":%q}}}`,
			id, at, id, id, at, now.AddDate(0, 1, 0).Format(time.DateTime), i, by)
		requests[i] = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: shop.example.com\r\n"+
			"X-Webhook-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			hookPath, hookToken, len(body), body)
	}
	return requests, nil
}
