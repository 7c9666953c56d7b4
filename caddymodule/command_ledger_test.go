package caddymodule_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// subscriptionCampaign sells one campaign, and verifies what it hears.
const subscriptionCampaign = `campaign pro {
			link_id 1
			after_payment /account 24h
			subscribed /account
		}`

// openBooks is a server whose webhooks come through.
func openBooks(t *testing.T) *server {
	return openServer(t, serverWith(subscriptionCampaign,
		"checkout_link /u pro\n\tcheckout_webhook /hooks {\n\t\ttoken {env.HOOK_TOKEN}\n\t\tverify\n\t}"))
}

// door asks something of the stand-in for Zotlo.
func (srv *server) door(what, question string) {
	srv.t.Helper()
	res, err := http.Post(srv.api.URL+"/_sandbox/"+what, "application/json",
		strings.NewReader(question))
	if err != nil {
		srv.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		srv.t.Fatalf("%s is answered %d", what, res.StatusCode)
	}
}

// leads is where a click of somebody leads.
func (srv *server) leads(who string) string {
	srv.t.Helper()
	res, _ := srv.click("/u", by(who))
	return res.Header.Get("Location")
}

// TestReconcileTakesInWhatNoWebhookTold: a sale whose webhooks were all lost is no lost sale.
func TestReconcileTakesInWhatNoWebhookTold(t *testing.T) {
	srv := openBooks(t)
	link := srv.leads("ann@example.com")
	srv.door("post", `{"lose": 100}`)
	srv.door("shift", `{"by": "-5h"}`) // older than what may still be on its way
	srv.pay(link)
	if to := srv.leads("ann@example.com"); to == "/account" {
		t.Fatal("the webhook was not lost")
	}
	srv.checkout("", "reconcile", srv.address()).succeeds(t, "payment", "start_paid", "lacking")
	srv.checkout("", "reconcile", srv.address(), "--apply").succeeds(t, "lacking", "yes")
	srv.checkout("", "reconcile", srv.address()).succeeds(t, "The ledger holds what Zotlo holds.")
	if to := srv.leads("ann@example.com"); to != "/account" {
		t.Errorf("a subscriber is sent to %q", to)
	}
}

// TestReconcileCounts: what is taken in counts as its webhooks would have, and once.
func TestReconcileCounts(t *testing.T) {
	srv := openBooks(t)
	before := srv.scraped()
	link := srv.leads("ann@example.com")
	srv.door("post", `{"lose": 100}`)
	srv.door("shift", `{"by": "-5h"}`)
	payment := srv.pay(link, sandbox.Charge("12.34", "CHF"))
	if _, err := srv.zotlo.Refund(payment.TransactionID); err != nil {
		t.Fatal(err)
	}
	for _, run := range []struct {
		apply bool
		times float64
	}{{false, 0}, {true, 1}, {true, 1}} {
		options := []string{"reconcile", srv.address()}
		if run.apply {
			options = append(options, "--apply")
		}
		srv.checkout("", options...).succeeds(t)
		moved := srv.scraped().moved(before)
		for metric, want := range map[string]float64{
			"conversions": 1, "refunds": 1, "revenue": 12.34, "refunded": 12.34,
		} {
			name := "caddy_checkout_" + metric + "_total["
			if got := moved.total(name, "campaign=pro "); got != want*run.times {
				t.Errorf("after %q %s moved by %v, want %v", options, metric, got, want*run.times)
			}
		}
	}
}

// TestLedgerIsMovedAndCopied: what is exported is not lacking, and a copy is whole and one's own.
func TestLedgerIsMovedAndCopied(t *testing.T) {
	srv := openBooks(t)
	srv.pay(srv.leads("ann@example.com"))
	exported := srv.checkout("", "ledger", "export", srv.address())
	exported.succeeds(t, `"format":"checkout-ledger"`, `"sale":`, `"facts":`)
	if strings.Contains(exported.stdout, "ann@") {
		t.Error("an address stands in the export")
	}
	srv.checkout(exported.stdout, "ledger", "import", "-", srv.address()).
		succeeds(t, "0 of them were lacking")
	cut := strings.Join(strings.SplitAfter(exported.stdout, "\n")[:2], "")
	if r := srv.checkout(cut, "ledger", "import", "-", srv.address()); r.code != 1 ||
		!strings.Contains(r.stderr, "cut off") {
		t.Errorf("half an export: %d %s", r.code, r.stderr)
	}
	backup := filepath.Join(t.TempDir(), "ledger.db")
	srv.checkout("", "ledger", "backup", backup, srv.address()).succeeds(t)
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("%v, %v", info, err)
	}
	if r := srv.checkout("", "ledger", "backup", backup, srv.address()); r.code != 1 {
		t.Error("a file that exists was replaced")
	}
	srv.checkout("", "purge", "--everything", "ann@example.com", srv.address()).
		succeeds(t, "has forgotten them")
	if to := srv.leads("ann@example.com"); to == "/account" {
		t.Error("who was forgotten is known")
	}
}
