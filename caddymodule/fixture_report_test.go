package caddymodule_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
	"github.com/caddy-checkout/checkout/zotlo"
)

// reportServer tries a price, and shows the report to Ann, to Bob, and behind an open address.
func reportServer(options string) string {
	return serverWith(options+`
		campaign sale {
			link_id 1
			one_time_price 19.99 EUR
			experiment sale-price {
				metric revenue EUR
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
		}
		campaign pro {
			link_id 2
			from 2099-01-01T00:00:00Z
		}`, `checkout_link /upgrade sale
	checkout_webhook /hooks {
		token {env.HOOK_TOKEN}
	}
	basic_auth /report {
		ann {$PASSWORD}
		bob {$PASSWORD}
		eve {$PASSWORD}
	}
	checkout_report /report {
		user ann {env.SECOND_OPERATOR}
	}
	checkout_report /open {
		open
	}`)
}

const password = "a password of the tests"

func openReport(t *testing.T, options string) *server {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return openServerWith(t, reportServer(options), map[string]string{
		"PASSWORD": string(hash), "SECOND_OPERATOR": "bob",
		"LEDGER": filepath.Join(t.TempDir(), "ledger.db"),
	})
}

// operator signs a request in as Caddy's basic_auth wants it.
func operator(name string) func(*request) {
	return func(r *request) { r.SetBasicAuth(name, password) }
}

// report is the page, which must come.
func (srv *server) report() *html.Node {
	srv.t.Helper()
	res, body := srv.click("/open")
	if res.StatusCode != http.StatusOK {
		srv.t.Fatalf("the report is answered %d: %s", res.StatusCode, body)
	}
	page, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		srv.t.Fatal(err)
	}
	return page
}

// seedLedger writes a ledger with a past run of the experiment, in which people met both variants
// and some of them paid.
func seedLedger(t *testing.T, path string) {
	t.Helper()
	store, err := filestore.Open(filestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := ledger.NewSecrets([]byte(accessToken))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), store, ledger.Config{Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	s := season{t, l, ledger.Run{
		Campaign: "sale", Experiment: "sale-price", Settings: "of last month",
		Metric: "revenue EUR", Priced: true,
		Variants: []ledger.Share{{Variant: "control", Width: 1}, {Variant: "cheaper", Width: 1}},
	}, time.Now().AddDate(0, 0, -25)}
	if err := l.Begin(t.Context(), []ledger.Run{s.run}, s.day); err != nil {
		t.Fatal(err)
	}
	s.sells("control", 520, 51, "19.99")
	s.sells("cheaper", 530, 74, "14.99")
	l.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// season is a run that is over.
type season struct {
	*testing.T
	ledger *ledger.Ledger
	run    ledger.Run
	day    time.Time
}

// sells lets people meet a variant, and some of them buy. One gets the money back.
func (s season) sells(variant string, people, buyers int, price string) {
	s.Helper()
	for i := range people {
		who := fmt.Sprint(variant, i)
		s.ledger.Expose(ledger.Exposure{
			Run: &s.run, Variant: variant, At: "link", Subscriber: who, Time: s.day,
		})
		if i >= buyers {
			continue
		}
		paid := zotlo.Event{
			Kind: zotlo.WebhookPayment, Type: "consumable", Status: "consumable",
			TransactionID: who, OriginalID: who, Price: price, Currency: "EUR",
			PurchasedAt: s.day.Add(time.Minute), CreatedAt: s.day.Add(time.Minute),
		}
		s.records(paid, who)
		if i == 0 {
			paid.Kind, paid.RefundPrice = zotlo.WebhookRefund, price
			paid.RefundedAt, paid.CreatedAt = s.day.AddDate(0, 0, 1), s.day.AddDate(0, 0, 1)
			s.records(paid, who)
		}
	}
}

func (s season) records(e zotlo.Event, who string) {
	s.Helper()
	_, err := s.ledger.Record(s.Context(), ledger.Delivery{
		Event: e, Body: fmt.Append(nil, e), Payer: who, Attribution: ledger.Attribution{
			Campaign: "sale", Experiment: "sale-price", Subscriber: who,
			Minute: ledger.MinuteOf(s.day),
		},
	})
	if err != nil {
		s.Fatal(err)
	}
}

// each visits the elements of a kind below a node, in the order of the page.
func each(n *html.Node, kind atom.Atom, visit func(*html.Node)) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.DataAtom == kind {
			visit(d)
		}
	}
}

// attribute is that of an element, or empty.
func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// textOf is what stands in an element.
func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// figuresOf are the values of the data elements below a node.
func figuresOf(n *html.Node) (values []string) {
	each(n, atom.Data, func(d *html.Node) { values = append(values, attribute(d, "value")) })
	return values
}
