package scripts_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// remembers checks the cookie of the visitor's first partner, and that it outlives a week.
func (b *tab) remembers(address, code string) {
	b.t.Helper()
	got, ends := b.cookie(address)
	if left := time.Until(ends); got != code || left < 29*24*time.Hour || left > 30*24*time.Hour {
		b.t.Errorf("the browser remembers %q for %s, want %s for 30 days", got, left, code)
	}
}

// cookie is that of the visitor's first partner, and when it ends.
func (b *tab) cookie(address string) (code string, ends time.Time) {
	b.t.Helper()
	all, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{
		URLs: []string{address},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range all.Cookies {
		if c.Name == "checkout_partner" {
			return c.Value, time.Unix(int64(c.Expires), 0)
		}
	}
	return "", ends
}

// buys signs in on the way and pays on the sandbox's page; the link must be made from this one.
func (s *site) buys(b *tab, subscriber, linkID string) {
	b.t.Helper()
	s.arrivesAtCheckout(b, subscriber)
	if link, _ := s.Zotlo.Link(js[string](b, "location.href")); link.CheckoutLinkID != linkID {
		b.t.Errorf("the link is made from %s, want %s", link.CheckoutLinkID, linkID)
	}
	b.press("Pay")
	b.sees("Webhooks sent")
}

// changesLater renews Ann's subscription, and gives them a part of the first payment back. The first
// payment's webhook comes twice.
func (s *site) changesLater(t *testing.T) {
	t.Helper()
	first := s.Zotlo.Payments()[0]
	if first.SubscriberID != ann {
		t.Fatalf("the first payment is %+v", first)
	}
	s.Deliver(t, s.Event(t, sandbox.KindPayment), http.StatusOK)
	if _, err := s.Zotlo.Renew(first.TransactionID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Zotlo.RefundPart(first.TransactionID, "2.50"); err != nil {
		t.Fatal(err)
	}
}

// payout is the accountant's table, once all links are counted.
func (s *site) payout(t *testing.T) (rows [][]string) {
	t.Helper()
	shoptest.Eventually(t, "a link of each partner is counted", func() bool {
		text, err := s.Exec("checkout", "partners", "--csv", "--address", "unix/"+s.Dir+"/admin.sock")
		if err != nil {
			t.Fatal(err)
		}
		if rows, err = csv.NewReader(strings.NewReader(text)).ReadAll(); err != nil {
			t.Fatal(err)
		}
		return len(rows) == 3 && rows[1][1] == "1" && rows[2][1] == "1"
	})
	return rows
}

// recorder stands between Zotlo and a site, and writes down the webhooks that pass.
type recorder struct {
	url  string
	mu   sync.Mutex
	sent []string
}

func record(t *testing.T, s *site) *recorder {
	t.Helper()
	shop, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	heard := new(recorder)
	on := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(shop) }}
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		heard.mu.Lock()
		heard.sent = append(heard.sent, string(body))
		heard.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		on.ServeHTTP(w, r)
	}))
	t.Cleanup(between.Close)
	heard.url = between.URL + shoptest.HookPath + url.QueryEscape(shoptest.HookToken)
	return heard
}

// hook is what a payout needs of a webhook. Money is a text in webhooks of payments and refunds.
type hook struct {
	Queue      struct{ Type, RequestID string }
	Parameters struct {
		Transaction string `json:"transaction_id"`
		Subscriber  string `json:"subscriber_id"`
		Price       string `json:"price"`
		Refund      string `json:"refund_price"`
		Currency    string `json:"currency"`
	}
}

// share is a partner and the part that they get, as a fraction; none has no code.
type share struct{ code, part string }

// sums are what a partner's row of the payout says.
type sums struct{ revenue, refunds *big.Rat }

// agreesWith works the payout out of the webhooks that were sent, each once, by who paid.
func (heard *recorder) agreesWith(t *testing.T, rows [][]string, of map[string]share) {
	t.Helper()
	want, repeated := heard.sums(t, of)
	if repeated == 0 {
		t.Error("no webhook was sent twice")
	}
	for _, row := range rows[1:] {
		code, sold := row[0], want[row[0]+" "+row[4]]
		var part *big.Rat
		for _, s := range of {
			if s.code == code {
				part = fraction(t, s.part)
			}
		}
		if sold == nil || part == nil {
			t.Errorf("nobody has bought by %s", row)
			continue
		}
		left := new(big.Rat).Sub(sold.revenue, sold.refunds)
		for column, amount := range map[int]*big.Rat{
			5: sold.revenue, 6: sold.refunds, 7: left.Mul(left, part),
		} {
			if fraction(t, row[column]).Cmp(amount) != 0 {
				t.Errorf("%s: %s is %s, and the webhooks say %s", code, rows[0][column], row[column],
					amount.FloatString(5))
			}
		}
		delete(want, code+" "+row[4])
	}
	if len(want) > 0 {
		t.Errorf("the payout leaves out %v", want)
	}
}

// sums adds the webhooks up by partner and currency. It says how many were sent more than once.
func (heard *recorder) sums(t *testing.T, of map[string]share) (all map[string]*sums, repeated int) {
	t.Helper()
	heard.mu.Lock()
	defer heard.mu.Unlock()
	all = map[string]*sums{}
	seen := map[string]bool{}
	for _, text := range heard.sent {
		var h hook
		err := json.Unmarshal([]byte(text), &h)
		if h.Queue.Type != "TransactionInsert" && h.Queue.Type != "TransactionRefund" {
			continue
		}
		by, known := of[h.Parameters.Subscriber]
		if err != nil || !known {
			t.Fatalf("%v, in %s", err, text)
		}
		if seen[h.Queue.RequestID] {
			repeated++
			continue
		}
		seen[h.Queue.RequestID] = true
		if by.code == "" {
			continue
		}
		row := by.code + " " + h.Parameters.Currency
		if all[row] == nil {
			all[row] = &sums{new(big.Rat), new(big.Rat)}
		}
		if h.Queue.Type == "TransactionRefund" {
			all[row].refunds.Add(all[row].refunds, fraction(t, h.Parameters.Refund))
		} else {
			all[row].revenue.Add(all[row].revenue, fraction(t, h.Parameters.Price))
		}
	}
	return all, repeated
}

func fraction(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no amount", text)
	}
	return r
}
