package sandbox_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

var update = flag.Bool("update", false,
	"write the webhook samples of testdata anew; compare them with Zotlo's pages by hand")

// The samples in testdata are what each webhook looks like on the wire, types
// included. Ids that change from run to run are replaced.
func TestWebhookSamples(t *testing.T) {
	parameters := fields{
		"subscriberId":     "ada@example.com",
		"customParameters": map[string]any{"checkout": "c=pro&v=b"},
	}
	oneTime := fields{
		"subscriberId": "905555555555", "packageName": "Gold, lifetime", "customPrice": "19.9",
		"customCurrency": "EUR",
	}
	tests := []struct {
		sample string
		link   fields
		story  func(t *testing.T, s *harness, link string)
		kind   sandbox.Kind
	}{
		{"payment_subscription", parameters, pay(), sandbox.KindPayment},
		{"payment_trial", parameters, pay(sandbox.Trial()), sandbox.KindPayment},
		{"payment_one_time", oneTime, pay(), sandbox.KindPayment},
		{
			"payment_parameters_at_top", parameters, pay(sandbox.ParametersAtTop()),
			sandbox.KindPayment,
		},
		{
			"payment_marked_as_sandbox", parameters,
			pay(sandbox.MarkedAsSandbox()), sandbox.KindPayment,
		},
		{
			"status_marked_as_sandbox", parameters, pay(sandbox.MarkedAsSandbox()),
			sandbox.KindStatus,
		},
		{"payment_2020", parameters, pay(sandbox.Sample2020()), sandbox.KindPayment},
		{"refund", parameters, func(t *testing.T, s *harness, link string) {
			p := mustPay(t, s, link)
			if _, err := s.Refund(p.TransactionID); err != nil {
				t.Fatal(err)
			}
		}, sandbox.KindRefund},
		{"refund_part", parameters, func(t *testing.T, s *harness, link string) {
			p := mustPay(t, s, link, sandbox.MarkedAsSandbox())
			if _, err := s.RefundPart(p.TransactionID, "2"); err != nil {
				t.Fatal(err)
			}
		}, sandbox.KindRefund},
		{"status_new_subscriber", parameters, pay(), sandbox.KindStatus},
		{"status_cancel", parameters, func(t *testing.T, s *harness, link string) {
			p := mustPay(t, s, link, sandbox.As("905555555555"), sandbox.ParametersAtTop())
			if err := s.Status(p.TransactionID, sandbox.EventCancel); err != nil {
				t.Fatal(err)
			}
		}, sandbox.KindStatus},
		{"status_package_update", parameters, func(t *testing.T, s *harness, link string) {
			p := mustPay(t, s, link)
			if err := s.Status(p.TransactionID, sandbox.EventPackageUpdate); err != nil {
				t.Fatal(err)
			}
		}, sandbox.KindStatus},
		{"registration", parameters, pay(), sandbox.KindRegistration},
	}
	for _, tt := range tests {
		t.Run(tt.sample, func(t *testing.T) {
			s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(shopHooks)})
			s.HoldWebhooks()
			tt.story(t, s, s.link(t, tt.link))
			var body []byte
			for _, e := range s.Events() {
				if e.Kind == tt.kind {
					body = e.Body // the last of its kind
				}
			}
			compare(t, filepath.Join("testdata", tt.sample+".json"), body)
		})
	}
}

func pay(opts ...sandbox.PayOption) func(*testing.T, *harness, string) {
	return func(t *testing.T, s *harness, link string) { mustPay(t, s, link, opts...) }
}

func mustPay(t *testing.T, s *harness, link string, opts ...sandbox.PayOption) sandbox.Payment {
	t.Helper()
	p, err := s.Pay(link, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	uuids        = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	transactions = regexp.MustCompile(`\b[A-Z2-7]{26}\b`)
)

func compare(t *testing.T, file string, body []byte) {
	t.Helper()
	text := uuids.ReplaceAllString(string(body), "UUID")
	text = transactions.ReplaceAllString(text, "TRANSACTION")
	var got any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if *update {
		pretty, err := json.MarshalIndent(json.RawMessage(text), "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(pretty, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What the link carried comes back byte for byte, whatever is in it.
func TestCustomParametersComeBackUntouched(t *testing.T) {
	const sent = `{"checkout":"c=pro&p=19.90","mmp":{"n":12345678901234567890,"list":[1,"2",null]}}`
	s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(shopHooks)})
	s.HoldWebhooks()
	out := s.call(t, `{"applicationKey":"sandbox-application-key","checkoutLinkId":"1",
		"subscriberIpAddress":"203.0.113.7","language":"en","subscriberId":"ada@example.com",
		"customParameters":`+sent+`,"CustomParameters":{"another":"field"}}`)
	mustPay(t, s, out.link())
	for _, e := range s.Events() {
		if e.Kind == sandbox.KindRegistration {
			continue
		}
		// A JSON encoder may write & as an escape.
		body := strings.ReplaceAll(string(e.Body), `\u0026`, "&")
		if !strings.Contains(body, `"merchantParameters":`+sent) {
			t.Errorf("%s: %s", e.Kind, e.Body)
		}
	}
}

func TestStoryOfASubscription(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(hooks.url)})
	first := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}), sandbox.Trial())
	told(t, hooks, "payment trial 0.00", "status newSubscriber active",
		"registration ada@example.com")

	s.clock.Advance(7 * 24 * 60 * 60e9)
	second := renew(t, s, first)
	told(t, hooks, "payment trial_to_paid 9.99", "status renewal active")
	third := renew(t, s, second)
	told(t, hooks, "payment renewal 9.99", "status renewal active")

	change(t, s, first, sandbox.EventCancel)
	told(t, hooks, "status cancel passive")
	renew(t, s, first)
	told(t, hooks, "payment reactive 9.99", "status reactivate active")

	change(t, s, first, sandbox.EventActiveToGrace)
	change(t, s, first, sandbox.EventGraceToPassive)
	change(t, s, first, "somethingNew")
	told(t, hooks, "status activeToGrace grace", "status graceToPassive passive",
		"status somethingNew passive")
	renew(t, s, first, sandbox.Charge("12.00", "EUR"))
	told(t, hooks, "payment reactive 12.00", "status reactivate active")

	if _, err := s.Refund(third.TransactionID); err != nil {
		t.Error(err)
	}
	told(t, hooks, "refund renewal 9.99")
	if _, err := s.Refund(third.TransactionID); err != sandbox.ErrRefunded {
		t.Errorf("a second refund: %v", err)
	}
	for i, p := range s.Payments() {
		if p.OriginalTransactionID != first.TransactionID ||
			(i > 0) == (p.TransactionID == first.TransactionID) || p.Refunded != (i == 2) {
			t.Errorf("payment %d: %+v", i, p)
		}
	}
}

func TestStoryOfAOneTimePurchase(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{})
	s.SetWebhooks(sandbox.Webhooks{Payments: hooks.url, Refunds: hooks.url, Status: hooks.url})
	p := mustPay(t, s, s.link(t, fields{"customPrice": "5", "customCurrency": "TRY"}),
		sandbox.As("bob@example.com"), sandbox.Trial())
	told(t, hooks, "payment consumable 5.00")
	if p.PaymentType != sandbox.Consumable || p.Currency != "TRY" ||
		p.SubscriberID != "bob@example.com" {
		t.Errorf("payment %+v", p)
	}
	if _, err := s.Renew(p.TransactionID); err != sandbox.ErrNotSubscription {
		t.Errorf("renewing it: %v", err)
	}
	if err := s.Status(p.TransactionID, sandbox.EventCancel); err != sandbox.ErrNotSubscription {
		t.Errorf("cancelling it: %v", err)
	}
	for _, err := range []error{
		func() error { _, err := s.Renew("none"); return err }(),
		func() error { _, err := s.Refund("none"); return err }(),
		s.Status("none", sandbox.EventCancel),
	} {
		if err != sandbox.ErrNoPayment {
			t.Errorf("an unknown payment: %v", err)
		}
	}
	if _, err := s.Pay("https://elsewhere.example.com/pay/none"); err != sandbox.ErrNoLink {
		t.Errorf("paying an unknown link: %v", err)
	}
	if _, err := s.Pay(s.link(t, nil)); err != sandbox.ErrNoSubscriber {
		t.Errorf("nobody paying: %v", err)
	}
	told(t, hooks)
}

func renew(t *testing.T, s *harness, p sandbox.Payment, opts ...sandbox.PayOption) sandbox.Payment {
	t.Helper()
	next, err := s.Renew(p.TransactionID, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func change(t *testing.T, s *harness, p sandbox.Payment, eventType string) {
	t.Helper()
	if err := s.Status(p.TransactionID, eventType); err != nil {
		t.Fatal(err)
	}
}

// told compares what the shop was told since last time, each webhook in three
// words.
func told(t *testing.T, hooks *shop, want ...string) {
	t.Helper()
	var got []string
	for _, body := range hooks.received() {
		got = append(got, threeWords(t, body))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func threeWords(t *testing.T, body string) string {
	t.Helper()
	var w struct {
		Queue struct {
			Type      string `json:"type"`
			EventType string `json:"eventType"`
		} `json:"queue"`
		Parameters struct {
			Status  string `json:"status"`
			Price   string `json:"price"`
			Profile struct {
				RealStatus string `json:"realStatus"`
			} `json:"profile"`
		} `json:"parameters"`
		SubscriberID string `json:"subscriberId"`
	}
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	switch w.Queue.Type {
	case "TransactionInsert":
		return "payment " + w.Parameters.Status + " " + w.Parameters.Price
	case "TransactionRefund":
		return "refund " + w.Parameters.Status + " " + w.Parameters.Price
	case "SubscriberUpdate":
		return "status " + w.Queue.EventType + " " + w.Parameters.Profile.RealStatus
	}
	return "registration " + w.SubscriberID
}

// The mark stands in every later webhook of the sale that has parameters.
func TestMarkHoldsForRefundAndRenewals(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(hooks.url)})
	for _, opts := range [][]sandbox.PayOption{nil, {sandbox.MarkedAsSandbox()}} {
		first := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}), opts...)
		renew(t, s, first)
		change(t, s, first, sandbox.EventCancel)
		if _, err := s.Refund(first.TransactionID); err != nil {
			t.Fatal(err)
		}
		marked := 0
		for _, body := range hooks.received() {
			if strings.Contains(body, `"isSandbox":1`) {
				marked++
			} else if strings.Contains(body, "isSandbox") {
				t.Errorf("half a mark: %s", body)
			}
		}
		// Two payments, three of the status, one refund; not the registration.
		if want := 6 * len(opts); marked != want {
			t.Errorf("%d webhooks with a mark, want %d", marked, want)
		}
	}
}
