package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// One call, without a network: what the stand-in itself adds to a test.
func BenchmarkOneLink(b *testing.B) {
	s := sandbox.New(sandbox.Config{})
	body, err := json.Marshal(ask(fields{
		"subscriberId": "ada@example.com", "packageName": "Gold", "customPrice": "19.99",
		"customCurrency":   "EUR",
		"customParameters": map[string]any{"checkout": "c=pro&v=b"},
	}))
	if err != nil {
		b.Fatal(err)
	}
	header := request(b, "https://api.example.com", ask(nil)).Header
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodPost, sandbox.OneLinkPath,
				strings.NewReader(string(body)))
			r.Header = header
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
		}
	})
}
