package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

func init() { caddy.RegisterModule(listener{}) }

// listener is an event handler, since Caddy's standard modules have none. What it hears is in
// heard.
type listener struct{}

var heard struct {
	sync.Mutex
	events []caddy.Event
}

func (listener) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "events.handlers.checkout_test",
		New: func() caddy.Module { return new(listener) },
	}
}

func (listener) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	return nil
}

func (listener) Handle(_ context.Context, e caddy.Event) error {
	heard.Lock()
	defer heard.Unlock()
	heard.events = append(heard.events, e)
	return nil
}

// TestEventsOfPayments runs Caddy inside the test, where a handler of the test can be plugged in.
func TestEventsOfPayments(t *testing.T) {
	heard.events = nil // of a run before
	dir := t.TempDir()
	zotlo := sandbox.New(sandbox.Config{PublicURL: shoptest.PayURL})
	api := httptest.NewServer(zotlo)
	t.Cleanup(api.Close)
	addr, secure := shoptest.TwoFreePorts(t)
	for name, value := range map[string]string{
		"DIR": dir, "XDG_DATA_HOME": dir, "XDG_CONFIG_HOME": dir, "HTTP_PORT": shoptest.Port(addr),
		"HTTPS_PORT": shoptest.Port(secure),
		"API":        api.URL, "JWT_SECRET": shoptest.JWTSecret, "HOOK_TOKEN": shoptest.HookToken,
		"ZOTLO_ACCESS_KEY":      sandbox.DefaultAccessKey,
		"ZOTLO_ACCESS_SECRET":   sandbox.DefaultAccessSecret,
		"ZOTLO_APPLICATION_KEY": sandbox.DefaultApplicationKey,
	} {
		t.Setenv(name, value)
	}
	options := "admin off\n\tpersist_config off\n\tstorage file_system " + dir +
		"\n\tevents {\n\t\ton checkout.payment checkout_test\n" +
		"\t\ton checkout.refund checkout_test\n\t}\n"
	site := strings.Replace(shoptest.Selling, "admin unix/{$DIR}/admin.sock\n", options, 1)
	site = strings.Replace(site, "\tdebug\n", "", 1)
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(site), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { caddy.Stop() })

	s := shoptest.At(t, addr, zotlo)
	zotlo.SetWebhooks(sandbox.WebhooksTo(s.HookURL()))
	link := s.Sold(t, ann, "/lifetime")
	payment := s.Pay(t, link, sandbox.As(ben))
	s.Deliver(t, s.Event(t, sandbox.KindPayment), http.StatusOK)
	if _, err := zotlo.Refund(payment.TransactionID); err != nil {
		t.Fatal(err)
	}

	heard.Lock()
	defer heard.Unlock()
	var names []string
	for _, e := range heard.events {
		names = append(names, e.Name())
		sold := map[string]any{
			"transaction_id":          payment.TransactionID,
			"original_transaction_id": payment.TransactionID, "type": "consumable",
			"price": payment.Price, "currency": "EUR", "package_id": payment.PackageID,
			"refund_price": "",
			"campaign":     "lifetime", "experiment": "price", "variant": e.Data["variant"],
			"partner": "",
		}
		if e.Name() == "checkout.refund" {
			sold["refund_price"] = payment.Price
		}
		diff := cmp.Diff(sold, e.Data)
		if diff != "" || e.Data["variant"] != "control" && e.Data["variant"] != "cheaper" {
			t.Errorf("%s (-want +got):\n%s", e.Name(), diff)
		}
		text, err := json.Marshal(e.CloudEvent())
		if err != nil {
			t.Fatal(err)
		}
		shoptest.WantNone(t, "the event", string(text),
			append(shoptest.Secrets(), ann, ben, link.ID, shoptest.HookToken)...)
	}
	if got := fmt.Sprint(names); got != "[checkout.payment checkout.refund]" {
		t.Errorf("heard %s: a payment delivered twice and a refund", got)
	}
}
