package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// A test starts the stand-in, asks it for a link as the code under test would,
// pays, and sees the webhook arrive; the shop fails once, so it comes again.
func Example() {
	failures := 1
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var webhook struct {
			Parameters struct {
				SubscriberID string `json:"subscriber_id"`
				Price        string `json:"price"`
			} `json:"parameters"`
		}
		_ = json.NewDecoder(r.Body).Decode(&webhook)
		fmt.Println("webhook:", webhook.Parameters.SubscriberID, webhook.Parameters.Price)
		if failures > 0 {
			failures--
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer shop.Close()

	clock := sandbox.NewClock(time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC))
	zotlo := sandbox.New(sandbox.Config{
		Now:      clock.Now,
		Webhooks: sandbox.Webhooks{Payments: shop.URL},
	})
	api := httptest.NewTLSServer(zotlo)
	defer api.Close()

	r, _ := http.NewRequest(http.MethodPost, api.URL+sandbox.OneLinkPath, strings.NewReader(`{
		"applicationKey": "sandbox-application-key", "checkoutLinkId": "123",
		"subscriberIpAddress": "203.0.113.7", "language": "en",
		"subscriberId": "ada@example.com", "customPrice": "19.99", "customCurrency": "EUR"}`))
	r.Header.Set("AccessKey", sandbox.DefaultAccessKey)
	r.Header.Set("AccessSecret", sandbox.DefaultAccessSecret)
	r.Header.Set("Content-Type", "application/json")
	res, err := api.Client().Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Result struct {
			OneLink string `json:"onelink"`
		} `json:"result"`
	}
	_ = json.NewDecoder(res.Body).Decode(&answer)

	link, _ := zotlo.Link(answer.Result.OneLink)
	fmt.Println("link:", link.SubscriberID, link.State)
	_, _ = zotlo.Pay(link.URL)
	clock.Advance(10 * time.Minute)
	zotlo.Deliver(context.Background())
	link, _ = zotlo.Link(link.URL)
	fmt.Println("link:", link.SubscriberID, link.State)

	// Output:
	// link: ada@example.com open
	// webhook: ada@example.com 19.99
	// webhook: ada@example.com 19.99
	// link: ada@example.com paid
}
