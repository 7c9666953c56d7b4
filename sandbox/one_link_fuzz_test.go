package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// Whatever is sent, the answer is the envelope; and a link that was created can be
// looked at, opened and paid, and its webhooks are JSON.
func FuzzOneLink(f *testing.F) {
	good, _ := json.Marshal(ask(fields{
		"subscriberId": "ada@example.com", "customPrice": "19.99", "customCurrency": "EUR",
		"customParameters": map[string]any{"checkout": "c=pro", "mmp": map[string]any{"adid": "1"}},
	}))
	f.Add(string(good))
	for _, seed := range []string{
		"", "null", "[]", "{}", "{}{}", `{"language":1}`, `{"language":null,"language":"en"}`,
		"\xff\xfe", `{"a":` + strings.Repeat("[", 2000),
		strings.Replace(string(good), `"123"`, `"\u0000<script>\ud800"`, 1),
		strings.Replace(string(good), `{"adid":"1"}`, `1e999`, 1),
		strings.Replace(string(good), `"en"`, `"en","CUSTOMPARAMETERS":[],"packageName":"\\"`, 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := sandbox.New(sandbox.Config{Webhooks: sandbox.WebhooksTo(shopHooks)})
		s.HoldWebhooks()
		client := &http.Client{Transport: s.Transport()}
		out, err := send(client, request(t, "https://api.example.com", body))
		if err != nil || out.Meta.RequestID == "" || out.status != out.Meta.HTTPStatus {
			t.Fatalf("got %d %s, %v", out.status, out.raw, err)
		}
		if out.status != http.StatusOK {
			return
		}
		if _, ok := s.Link(out.link()); !ok || len(s.Requests()) != 1 {
			t.Fatalf("link %q is not remembered", out.link())
		}
		page, err := client.Get(out.link())
		if err != nil || page.StatusCode != http.StatusOK {
			t.Fatalf("the page cannot be opened: %v", err)
		}
		_ = page.Body.Close()
		if _, err := s.Pay(out.link(), sandbox.As("bob@example.com")); err != nil {
			t.Fatal(err)
		}
		for _, e := range s.Events() {
			if !json.Valid(e.Body) {
				t.Errorf("%s: %s", e.Kind, e.Body)
			}
		}
	})
}
