package checkout_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

const (
	hookToken = "what only Zotlo and this shop know"
	hookPath  = "/hooks/zotlo?token="
)

// selling is a site whose payments come back. It answers under every host, since webhooks go to its address.
const selling = "{" + private + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign lifetime {
			link_id 123
			one_time_price 19.99 EUR
			experiment price {
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
		}
		campaign monthly {
			link_id 124
			after_payment /account
		}
	}
}

http:// {
	checkout_link /lifetime lifetime
	checkout_link /monthly monthly
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
	metrics /metrics
}
`

// openSellingShop opens a shop that Zotlo's webhooks reach.
func openSellingShop(t *testing.T, caddyfile string, env ...string) *shop {
	t.Helper()
	s := openShop(t, caddyfile, append(env, "HOOK_TOKEN="+hookToken)...)
	s.zotlo.SetWebhooks(sandbox.WebhooksTo(s.hookURL()))
	return s
}

func (s *shop) hookURL() string { return "http://" + s.http + hookPath + url.QueryEscape(hookToken) }

// sold clicks and returns the link that the user was sent to.
func (s *shop) sold(t *testing.T, email, path string) sandbox.Link {
	t.Helper()
	got := s.click(t, email, path)
	s.wantLinkOf(t, email, got)
	link, _ := s.zotlo.Link(got.Header.Get("Location"))
	return link
}

// pay pays a link; its webhooks have been tried once when it returns.
func (s *shop) pay(t *testing.T, link sandbox.Link, opts ...sandbox.PayOption) sandbox.Payment {
	t.Helper()
	payment, err := s.zotlo.Pay(link.URL, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return payment
}

// event finds the newest webhook of a kind.
func (s *shop) event(t *testing.T, kind sandbox.Kind) sandbox.Event {
	t.Helper()
	var found sandbox.Event
	for _, e := range s.zotlo.Events() {
		if e.Kind == kind {
			found = e
		}
	}
	if found.ID == "" {
		t.Fatalf("no webhook of kind %s", kind)
	}
	return found
}

// deliver sends a webhook now, whatever became of it before.
func (s *shop) deliver(t *testing.T, e sandbox.Event, want int) {
	t.Helper()
	if got, err := s.zotlo.Send(t.Context(), e.ID); err != nil || got != want {
		t.Errorf("the %s webhook was answered %d (%v), want %d", e.Kind, got, err, want)
	}
}

// metric sums the series of a name whose labels match a pattern.
func (s *shop) metric(t *testing.T, name, labels string) (sum float64) {
	t.Helper()
	page := s.click(t, "", "/metrics").body
	for _, m := range regexp.MustCompile(`(?m)^`+name+`\{(.*)\} (\S+)$`).FindAllStringSubmatch(page, -1) {
		if !regexp.MustCompile(labels).MatchString(m[1]) {
			continue
		}
		value, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += value
	}
	return sum
}

func (s *shop) wantSum(t *testing.T, name, labels string, want float64) {
	t.Helper()
	if got := s.metric(t, name, labels); got != want {
		t.Errorf("%s{%s} is %v, want %v", name, labels, got, want)
	}
}

const (
	conversions = "caddy_checkout_conversions_total"
	hooksTotal  = "caddy_checkout_webhooks_total"
)

func TestPaymentComesBack(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	paid := s.sold(t, ann, "/lifetime")
	s.sold(t, ben, "/lifetime")
	s.wantCalls(t, 2)

	s.pay(t, paid)
	payment := s.event(t, sandbox.KindPayment)
	if payment.State != sandbox.Delivered || len(payment.Attempts) != 1 {
		t.Fatalf("the webhook is %s after %d tries", payment.State, len(payment.Attempts))
	}
	s.deliver(t, payment, http.StatusOK)
	s.deliver(t, payment, http.StatusOK)

	if next := s.sold(t, ann, "/lifetime"); next.URL == paid.URL {
		t.Error("a paid link was given out again")
	}
	s.sold(t, ben, "/lifetime")
	s.wantCalls(t, 3) // hers was made anew, his was kept
	sold := `campaign="lifetime",experiment="price",type="consumable",variant="(control|cheaper)"`
	s.wantSum(t, conversions, sold, 1)
	s.wantSum(t, conversions, "", 1)
	s.wantSum(t, hooksTotal, `result="processed",type="payment"`, 1)
	s.wantSum(t, hooksTotal, `result="repeated",type="payment"`, 2)
	s.wantSum(t, hooksTotal, `result="processed",type="registration"`, 1)
}

// A subscription goes from its trial to a refund, out of order and with repeats; each payment counts once.
func TestLifeOfASubscription(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	link := s.sold(t, ann, "/monthly")
	s.zotlo.HoldWebhooks()
	trial := s.pay(t, link, sandbox.Trial())
	paid, err := s.zotlo.Renew(trial.TransactionID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.zotlo.Renew(trial.TransactionID); err != nil {
		t.Fatal(err)
	}
	if err := s.zotlo.Status(trial.TransactionID, sandbox.EventActiveToGrace); err != nil {
		t.Fatal(err)
	}
	events := s.zotlo.Events()
	for i := range events {
		e := events[len(events)-1-i]
		s.deliver(t, e, http.StatusOK)
		s.deliver(t, e, http.StatusOK)
	}
	for _, kind := range []string{"trial", "trial_to_paid", "renewal"} {
		s.wantSum(t, conversions, `campaign="monthly",experiment="",type="`+kind+`",variant=""`, 1)
	}
	s.wantSum(t, conversions, "", 3)
	s.wantSum(t, hooksTotal, `result="failed"`, 0)

	if got := s.click(t, ann, "/monthly"); got.Header.Get("Location") != "/account" {
		t.Errorf("a subscriber was sent to %q, want her account", got.Header.Get("Location"))
	}
	s.zotlo.ReleaseWebhooks(t.Context())
	if _, err := s.zotlo.Refund(paid.TransactionID); err != nil {
		t.Fatal(err)
	}
	s.wantSum(t, "caddy_checkout_refunds_total", `campaign="monthly"`, 1)
	s.sold(t, ann, "/monthly") // who got the money back may buy again
	s.wantSum(t, "caddy_checkout_mismatches_total", "", 0)
}

// The shopper may write another address on the checkout page: what he was known by here dies as well.
func TestShopperPaysUnderAnotherAddress(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	link, other := s.sold(t, ann, "/lifetime"), s.sold(t, ben, "/lifetime")
	s.pay(t, link, sandbox.As("BEN@example.com"))
	for email, old := range map[string]sandbox.Link{ann: link, ben: other} {
		if next := s.sold(t, email, "/lifetime"); next.URL == old.URL {
			t.Errorf("%s was sent to the link from before the payment", email)
		}
	}
	s.wantCalls(t, 4)
	s.wantSum(t, conversions, "", 1)
}

// What comes back where the custom parameters lie elsewhere, or in the oldest form of the webhooks, is understood alike.
func TestOlderFormsOfThePayment(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	for i, form := range []sandbox.PayOption{sandbox.ParametersAtTop(), sandbox.Sample2020()} {
		email := fmt.Sprintf("form-%d@example.com", i)
		link := s.sold(t, email, "/lifetime")
		s.pay(t, link, form)
		payment := s.event(t, sandbox.KindPayment)
		s.deliver(t, payment, http.StatusOK)
		if next := s.sold(t, email, "/lifetime"); next.URL == link.URL {
			t.Errorf("form %d: a paid link was given out again", i)
		}
		s.wantSum(t, conversions, `campaign="lifetime",experiment="price"`, float64(i+1))
	}
	s.wantSum(t, "caddy_checkout_mismatches_total", "", 0)
}

func TestOtherPriceThanAsked(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	s.pay(t, s.sold(t, ann, "/lifetime"), sandbox.Charge("9.99", "USD"))
	for kind, want := range map[string]float64{"price": 1, "currency": 1, "payment_type": 0} {
		s.wantSum(t, "caddy_checkout_mismatches_total", `campaign="lifetime",kind="`+kind+`"`, want)
	}
	if !s.logged("a payment differs from what its link asked for") {
		t.Error("nothing is in the log")
	}
	s.pay(t, s.sold(t, ben, "/monthly"), sandbox.Charge("99.99", "TRY")) // nothing was asked for, so nothing differs
	s.wantSum(t, "caddy_checkout_mismatches_total", "", 2)
	wantNone(t, "the log", s.log.String(), append(secrets(), ann, ben, hookToken)...)
}
