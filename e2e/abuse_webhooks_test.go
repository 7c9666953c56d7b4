package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// Anyone who has the token can make the shop fetch new links, but no more than one subscriber gets.
func TestAbuse35ForgedWebhooks(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	limited := 0
	for i := range 40 {
		s.PostHook(t, fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"forged-%d"},`+
			`"parameters":{"subscriber_id":%q,"status":"renewal","price":"1000000"}}`, i, ann),
			http.StatusOK)
		if s.Click(t, ann, "/lifetime").StatusCode == http.StatusTooManyRequests {
			limited++
		}
	}
	if n := s.Zotlo.Calls(); n > 15 || limited < 25 {
		t.Errorf("forty forged payments made %d calls, and %d clicks were refused", n, limited)
	}
	s.WantLinkOf(t, ben, s.Click(t, ben, "/lifetime"))
	s.WantSum(t, shoptest.Conversions, `campaign=""`, 40) // counted, and believed by nobody
	s.WantSum(t, shoptest.Conversions, `campaign="lifetime"`, 0)
	short := strings.Replace(shoptest.Selling, "token {env.HOOK_TOKEN}", "token short", 1)
	if err := s.Reload(short); err == nil || !strings.Contains(err.Error(), "16") {
		t.Errorf("a short token: %v", err)
	}
}

func TestAbuse36InvalidWebhooks(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	s.Pay(t, s.Sold(t, ann, "/lifetime"))
	payment := s.Event(t, sandbox.KindPayment)
	for range 5 {
		s.Deliver(t, payment, http.StatusOK)
	}
	s.WantSum(t, shoptest.Conversions, "", 1)
	send := func(contentType string, body io.Reader) int {
		resp, err := s.Client.Post(s.HookURL(), contentType, body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for body, want := range map[string]int{
		"": 400, "{": 400, "<x/>": 400, "a=b": 400, "null": 200, "[]": 200, "1": 200, `"x"`: 200,
		`{"a":1}{}`: 400, "{}": 200, `{"queue":[],"parameters":[]}`: 200,
		`{"queue":{"type":"TransactionInsert"},"parameters":null}`: 200,
		strings.Repeat(`{"a":`, 10_000):                            400,
	} {
		if got := send("application/json", strings.NewReader(body)); got != want {
			t.Errorf("%.40q got %d, want %d", body, got, want)
		}
	}
	// The body alone decides, so that a payment is not lost to a header of which nothing is
	// published.
	for _, contentType := range []string{
		"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
	} {
		for body, want := range map[string]int{"{}": 200, "a=b": 400} {
			if got := send(contentType, strings.NewReader(body)); got != want {
				t.Errorf("%q as %q got %d", body, contentType, got)
			}
		}
	}
	before := s.ResidentMemory()
	resp, err := s.Client.Post(s.HookURL(), "application/json", io.LimitReader(zeros{}, 100<<20))
	if err == nil { // the server may hang up on a client that goes on sending
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("100 MB got %s", resp.Status)
		}
	}
	if grown := s.ResidentMemory() - before; grown > 32<<20 {
		t.Errorf("100 MB cost %d MiB", grown>>20)
	}
	s.WantSum(t, shoptest.Webhooks, `result="failed"`, 0)
}
