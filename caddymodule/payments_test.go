package caddymodule_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/caddymodule"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// stumblingCache is a cache that fails as often as it is told: a Redis that is slow for a moment.
type stumblingCache struct{ *memorycache.Cache }

var stumbles struct {
	sync.Mutex
	left map[string]int // by operation; that of "once, done" does its work, and its answer is late
}

// stumble lets the next n calls of an operation fail.
func stumble(op string, n int) {
	stumbles.Lock()
	defer stumbles.Unlock()
	stumbles.left = map[string]int{op: n}
}

func stumbled(op string) error {
	stumbles.Lock()
	defer stumbles.Unlock()
	if stumbles.left[op] == 0 {
		return nil
	}
	stumbles.left[op]--
	return errors.New(op + ": timeout")
}

func init() { caddy.RegisterModule(stumblingCache{}) }

func (stumblingCache) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "checkout.caches.stumbling",
		New: func() caddy.Module { return new(stumblingCache) }}
}

func (*stumblingCache) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { d.Next(); return nil }
func (*stumblingCache) LinkTTL() time.Duration                          { return 0 }

func (*stumblingCache) OpenCache([]byte) (caddymodule.Cache, func() error, error) {
	m := memorycache.New(memorycache.Config{})
	return &stumblingCache{m}, func() error { m.Close(); return nil }, nil
}

func (c *stumblingCache) Forget(ctx context.Context, s linkgen.SubscriberHash) error {
	if err := errors.Join(ctx.Err(), stumbled("forget")); err != nil {
		return err
	}
	return c.Cache.Forget(ctx, s)
}

func (c *stumblingCache) Seen(ctx context.Context, key string) (bool, error) {
	if stumbled("seen, panic") != nil {
		panic("a fault of the cache")
	}
	if err := errors.Join(ctx.Err(), stumbled("seen")); err != nil {
		return false, err
	}
	return c.Cache.Seen(ctx, key)
}

func (c *stumblingCache) Once(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := stumbled("once, done"); err != nil {
		c.Cache.Once(ctx, key, ttl)
		return true, err
	}
	return c.Cache.Once(ctx, key, ttl)
}

func (c *stumblingCache) Remember(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := errors.Join(ctx.Err(), stumbled("remember")); err != nil {
		return err
	}
	return c.Cache.Remember(ctx, key, value, ttl)
}

// subscriptionShop sells one subscription.
const subscriptionShop = `{
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		cache stumbling
		campaign monthly {
			link_id 124
			after_payment /account
		}
	}
}

http:// {
	checkout_link /monthly monthly
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
}
`

// till is a shop whose cache stumbles, with a subscriber who has a link.
type till struct {
	*shop
	link  string
	count float64 // conversions before
}

func openTill(t *testing.T, config string) *till {
	t.Setenv("HOOK_TOKEN", hookToken)
	stumble("", 0)
	s := &till{shop: openShop(t, config)}
	s.link, s.count = s.goes(), s.conversions()
	return s
}

// goes is where a click leads.
func (s *till) goes() string {
	return s.click("/monthly", by("ann@example.com")).Header.Get("Location")
}

func (s *till) conversions() (n float64) { return s.conversionsOf("") }

// conversionsOf counts those with a label of that value.
func (s *till) conversionsOf(label string) (n float64) {
	families, err := s.live.Load().ctx.GetMetricsRegistry().Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "caddy_checkout_conversions_total" {
			continue
		}
		for _, m := range family.Metric {
			if label != "" && !strings.Contains(labelText(m), "="+label) {
				continue
			}
			n += m.GetCounter().GetValue()
		}
	}
	return n
}

// webhook is a request that Zotlo sends. change are old and new texts of its body.
func (s *till) webhook(ctx context.Context, kind, requestID string,
	change ...string) *http.Request {
	body := strings.NewReplacer(change...).Replace(`{"queue":{"type":"` + kind + `","requestID":"` + requestID + `"},
		"parameters":{"status":"start_paid","subscriber_id":"ann@example.com","transaction_id":"1","custom_parameters":{"checkout":"c=monthly"}}}`)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/hooks/zotlo",
		strings.NewReader(body))
	r.Header.Set("X-Webhook-Token", hookToken)
	return r
}

// hears is told by Zotlo, and answers.
func (s *till) hears(kind, requestID string, status int, change ...string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, s.webhook(s.t.Context(), kind, requestID, change...))
	if w.Code != status {
		s.t.Errorf("%s is answered %d, want %d", kind, w.Code, status)
	}
}

func (s *till) counted(want float64) {
	s.t.Helper()
	if got := s.conversions() - s.count; got != want {
		s.t.Errorf("%v conversions, want %v", got, want)
	}
}

func (s *till) leadsTo(want string) {
	s.t.Helper()
	if got := s.goes(); got != want {
		s.t.Errorf("a click leads to %q, want %q", got, want)
	}
}

// Whatever fails before a payment is marked as done, the repeat does all of it, and it is counted
// once.
func TestPaymentIsRepeatedUntilAllIsDone(t *testing.T) {
	for _, op := range []string{"forget", "seen", "remember"} {
		t.Run(op, func(t *testing.T) {
			s := openTill(t, subscriptionShop)
			stumble(op, 3)
			// the others try three times by themselves
			for range map[string]int{"forget": 1, "seen": 3, "remember": 1}[op] {
				s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
			}
			s.counted(0)
			s.hears("TransactionInsert", "1", http.StatusOK)
			s.hears("TransactionInsert", "1", http.StatusOK)
			s.counted(1)
			s.leadsTo("/account")
		})
	}
}

// A panic of ours is no payment lost, and no end of the process.
func TestPanicWhilePayingIsRepeated(t *testing.T) {
	s := openTill(t, subscriptionShop)
	stumble("seen, panic", 1)
	s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	s.counted(0)
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.counted(1)
	s.leadsTo("/account")
}

// The app of a subscriber asks with JSON, and is told where he goes.
func TestSubscribersAppIsToldWhereToGo(t *testing.T) {
	s := openTill(t, subscriptionShop)
	s.hears("TransactionInsert", "1", http.StatusOK)
	res := s.click("/monthly", by("ann@example.com"), header("Accept", "application/json"))
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK ||
		string(body) != `{"url":"/account"}`+"\n" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

// A payment may name what the configuration knows no more. It counts, under one name, so that
// nobody makes series at will.
func TestPaymentForWhatIsGone(t *testing.T) {
	s := openTill(t, subscriptionShop)
	for i, sold := range []string{"c=gone", "c=gone&e=old&v=cheaper", "c=monthly&e=old&v=cheaper"} {
		before := s.conversionsOf("_other")
		s.hears("TransactionInsert", fmt.Sprint("gone-", i), http.StatusOK, "c=monthly", sold)
		if s.conversionsOf("_other") != before+1 {
			t.Errorf("a payment of %s is not one of _other", sold)
		}
	}
}

// A cache that is slow for a moment must not keep a paid link for as long as its ttl: Zotlo repeats
// later than that.
func TestForgettingIsTriedAgain(t *testing.T) {
	s := openTill(t, strings.Replace(subscriptionShop, "\t\t\tafter_payment /account\n", "", 1))
	stumble("forget", 2)
	s.hears("TransactionInsert", "1", http.StatusOK)
	if s.goes() == s.link {
		t.Error("the paid link was given out again")
	}
}

// The mark was set, but the answer that says so was late.
func TestPaymentIsCountedThoughItsMarkIsUncertain(t *testing.T) {
	s := openTill(t, subscriptionShop)
	stumble("once, done", 1)
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.counted(1)
}

// Who got his money back may buy again, though the cache was slow when we heard of it.
func TestRefundIsRepeatedUntilItIsRemembered(t *testing.T) {
	s := openTill(t, subscriptionShop)
	s.hears("TransactionInsert", "1", http.StatusOK)
	s.leadsTo("/account")
	stumble("remember", 3)
	s.hears("TransactionRefund", "2", http.StatusServiceUnavailable)
	s.hears("TransactionRefund", "2", http.StatusOK)
	if got := s.goes(); got == "/account" || got == "" {
		t.Errorf("a click leads to %q, want a link", got)
	}
	s.hears("TransactionInsert", "1", http.StatusOK) // a late repeat does not undo the refund
	if got := s.goes(); got == "/account" {
		t.Error("a repeated payment undid its refund")
	}
}

// With pass_through nobody may ever repeat a webhook: what can still be done is done.
func TestBackendsAnswerDoesNotEndTheWork(t *testing.T) {
	for _, op := range []string{"forget", "seen", "remember"} {
		t.Run(op, func(t *testing.T) {
			s := openTill(t, strings.Replace(subscriptionShop, "{env.HOOK_TOKEN}\n", "{env.HOOK_TOKEN}\n\t\tpass_through\n", 1))
			stumble(op, 3)
			s.hears("TransactionInsert", "1", http.StatusOK)
			s.counted(1)
			if op != "remember" {
				s.leadsTo("/account")
			} else if s.goes() == s.link {
				t.Error("the paid link was given out again")
			}
		})
	}
}

// failingBackend is a shop whose own backend fails for every webhook, so that Zotlo repeats each.
var failingBackend = strings.NewReplacer("{env.HOOK_TOKEN}\n",
	"{env.HOOK_TOKEN}\n\t\tpass_through\n",
	"\tcheckout_webhook", "\trespond /hooks/zotlo "+
		"503\n\tcheckout_webhook").Replace(subscriptionShop)

// A repeat does what the first delivery left, with pass_through as well.
func TestRepeatBehindABackendDoesWhatIsLeft(t *testing.T) {
	for _, op := range []string{"forget", "remember"} {
		t.Run(op, func(t *testing.T) {
			s := openTill(t, failingBackend)
			stumble(op, 3)
			for range 3 {
				s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
			}
			s.counted(1)
			s.leadsTo("/account")
		})
	}
}

// While Redis is down and the backend with it, a payment is repeated and counts once.
func TestRepeatsCountOnceThoughNothingCanBeMarked(t *testing.T) {
	s := openTill(t, failingBackend)
	stumbles.Lock()
	stumbles.left = map[string]int{"forget": 99, "seen": 99, "remember": 99, "once, done": 99}
	stumbles.Unlock()
	for range 3 {
		s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	}
	stumble("", 0)
	s.counted(1)
	s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	s.counted(1)
	s.leadsTo("/account")
}

// The payment's first delivery failed, its refund came, and then Zotlo repeated the payment.
func TestLateRepeatDoesNotUndoARefund(t *testing.T) {
	s := openTill(t, subscriptionShop)
	stumble("seen", 1)
	s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	s.hears("TransactionRefund", "2", http.StatusOK)
	s.hears("TransactionInsert", "1", http.StatusOK)
	if got := s.goes(); got == "/account" {
		t.Error("he got his money back and cannot buy")
	}
}

// Two of a subscriber's payments were given back before the first one's webhook was repeated.
func TestEachRefundStands(t *testing.T) {
	s := openTill(t, subscriptionShop)
	stumble("seen", 1)
	s.hears("TransactionInsert", "1", http.StatusServiceUnavailable)
	s.hears("TransactionRefund", "2", http.StatusOK)
	s.hears("TransactionRefund", "3", http.StatusOK, `"transaction_id":"1"`, `"transaction_id":"0"`)
	s.hears("TransactionInsert", "1", http.StatusOK)
	if got := s.goes(); got == "/account" {
		t.Error("he got his money back and cannot buy")
	}
}

// Zotlo hangs up before it has our answer. The payment stands.
func TestPaymentOutlivesItsRequest(t *testing.T) {
	s := openTill(t, subscriptionShop)
	gone, leave := context.WithCancel(t.Context())
	leave()
	s.ServeHTTP(httptest.NewRecorder(), s.webhook(gone, "TransactionInsert", "1"))
	s.counted(1)
	s.leadsTo("/account")
}
