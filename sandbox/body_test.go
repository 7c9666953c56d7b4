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
