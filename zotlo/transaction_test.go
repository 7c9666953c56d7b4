package zotlo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// find reads a transaction that must be there.
func (s *shop) find(id string, test bool) zotlo.Event {
	s.t.Helper()
	e, err := s.Transaction(s.t.Context(), id, test)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// detailDoubts are the ways in which a detail may look.
var detailDoubts = map[string]sandbox.Doubts{
	"as published":     {},
	"other types":      {OtherTypes: true},
	"log is an array":  {LogIsArray: true},
	"at the top":       {Parameters: "top"},
	"world required":   {WorldRequired: true, ApplicationIDRequired: true},
	"coupon an array":  {CouponIsArray: true, PackagePriceIsTotal: true},
	"refunds in total": {RefundIsSum: true, EmptyIsArray: true, NoCard: true},
}

func TestAPaymentIsReadBack(t *testing.T) {
	for name, d := range detailDoubts {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			s.doubt(d)
			p := s.sell("1", sandbox.Quantity(3), sandbox.WithDiscount(sandbox.Discount{Code: "BF25", Percent: 25}))
			got := s.find(p.TransactionID, false)
			if got.SubscriptionID == "" {
				t.Error("no subscription id")
			}
			want := zotlo.Event{
				Kind: "payment", Type: "start_paid", Status: "start_paid",
				TransactionID: p.TransactionID, OriginalID: p.OriginalTransactionID,
				SubscriberID: ada, PaymentType: "subscription", Price: p.Price, Currency: "EUR",
				PackageID: "pro-monthly", SubscriptionID: got.SubscriptionID,
				PurchasedAt: noon, ExpiresAt: noon.AddDate(0, 1, 0), Quantity: 3, Discounted: true,
				RefundsKnown: true, Checkout: []string{adasOrder},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			lifetime := s.find(s.sell("2").TransactionID, false)
			if lifetime.Type != "consumable" || lifetime.Price != "199.00" && lifetime.Price != "199" ||
				lifetime.SubscriptionID != "" || !lifetime.ExpiresAt.Equal(noon) {
				t.Errorf("a one-time purchase is read as %+v", lifetime)
			}
		})
	}
}

func TestABareDetailTellsNoRefunds(t *testing.T) {
	s := openShop(t)
	s.doubt(sandbox.Doubts{BareDetail: true})
	p := s.sell("1", sandbox.Quantity(2))
	s.must(s.Refund(p.TransactionID))
	e := s.find(p.TransactionID, false)
	if e.RefundsKnown || e.Refunded || e.Quantity != 1 || e.Discounted || e.Price != "19.98" {
		t.Errorf("read as %+v", e)
	}
}

func TestParametersThatDoNotComeBack(t *testing.T) {
	for _, place := range []string{"null", "empty"} {
		s := openShop(t)
		s.doubt(sandbox.Doubts{Parameters: place})
		if e := s.find(s.sell("1").TransactionID, false); e.Checkout != nil {
			t.Errorf("%s: %q", place, e.Checkout)
		}
	}
}

func TestMoneyGivenBackIsReadBack(t *testing.T) {
	for _, d := range []sandbox.Doubts{{}, {OtherTypes: true}, {RefundIsSum: true}} {
		s := openShop(t)
		s.doubt(d)
		p := s.sell("1")
		s.must(s.RefundPart(p.TransactionID, "2.50"))
		s.clock.Advance(time.Minute)
		s.must(s.ChargeBack(p.TransactionID))
		e := s.find(p.TransactionID, false)
		if e.Kind != "payment" || !e.Refunded || !e.RefundsKnown || e.RefundPrice != "9.99" ||
			!e.Chargeback || !e.RefundedAt.Equal(noon.Add(time.Minute)) || e.Price != "9.99" {
			t.Errorf("%+v: read as %+v", d, e)
		}
	}
}

func TestTheTwoWorldsAreKeptApart(t *testing.T) {
	s := openShop(t)
	live, test := s.sell("1").TransactionID, s.sell("1", sandbox.InTestMode()).TransactionID
	if s.find(live, false).Sandbox || !s.find(test, true).Sandbox {
		t.Error("the sandbox mark is not that of the world")
	}
	for id, test := range map[string]bool{live: true, test: false} {
		if _, err := s.Transaction(t.Context(), id, test); !errors.Is(err, zotlo.ErrUnknownTransaction) {
			t.Errorf("in the other world: %v", err)
		}
	}
	for _, r := range s.Reads().Requests() {
		u, err := url.Parse(r.URL)
		if err != nil || u.Query().Get("isSandbox") == "" || r.Method != http.MethodGet ||
			r.Header["Applicationid"][0] != "42" || r.Header.Get("Language") != "en" || len(r.Raw) > 0 {
			t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
		}
	}
}

func TestUnknownTransactions(t *testing.T) {
	doubts := []sandbox.Doubts{{ErrorCodeIsText: true}, {ErrorResultIsObject: true}, {DetailAfter: sandbox.Span(time.Hour)}}
	for _, status := range []int{0, 200, 400, 401, 403, 404, 422, 429, 500, 503} {
		doubts = append(doubts, sandbox.Doubts{ErrorStatus: status})
	}
	for _, d := range doubts {
		s := openShop(t)
		fresh := s.sell("1").TransactionID
		s.doubt(d)
		id := "T & %2F?\x00+ü"
		if d.DetailAfter > 0 {
			id = fresh
		}
		_, err := s.Transaction(t.Context(), id, false)
		var e *zotlo.Error
		if !errors.Is(err, zotlo.ErrUnknownTransaction) || !errors.As(err, &e) || e.Result != zotlo.ResultRefused {
			t.Errorf("%+v: %v", d, err)
		}
		if n := s.Reads().Calls(); n != 1 {
			t.Errorf("%+v: asked %d times", d, n)
		}
		if s.Blocked() != nil {
			t.Errorf("%+v: shoppers are held up: %v", d, s.Blocked())
		}
		if strings.Contains(fmt.Sprint(err), id) {
			t.Errorf("the error repeats the id: %v", err)
		}
	}
	s := openShop(t)
	_, err := s.Transaction(t.Context(), "", false)
	if !errors.Is(err, zotlo.ErrUnknownTransaction) || s.Reads().Calls() != 0 {
		t.Errorf("no id at all: %v after %d calls", err, s.Reads().Calls())
	}
}

// An answer that says success decides by what it holds.
func TestAnswersThatHoldNoTransaction(t *testing.T) {
	for body, unknown := range map[string]bool{
		`{"result":[]}`: true, `{"result":{}}`: true, `{"result":null}`: true,
		`{"result":{"transaction":[],"transactionLog":{"code":"05"}}}`: true,
		`{"result":{"transaction":null}}`:                              true,
		`{"result":{"transaction":{}}}`:                                true,
		`{"meta":{"errorCode":"400009"},"result":[]}`:                  true,
		`{"meta":{"errorCode":400008},"result":[]}`:                    false,
		`{"meta":{"errorCode":404001},"result":[]}`:                    false,
		`{"meta":{"errorCode":"401002"},"result":{}}`:                  false,
		`{"meta":{"errorCode":403001},"result":[]}`:                    false,
		`{"result":{"onelink":"https://pay.example.com/"}}`:            false,
		`{"result":{"transaction":{"transaction_id":"T-2"}}}`:          false,
		`{"result":{"transaction":{"price":"9.99"}}}`:                  false,
		`{"result":{"transaction":"T-1"}}`:                             false,
		`{}`:                                                           false, `[]`: false, `null`: false, `<html>`: false, ``: false,
	} {
		s := openShop(t)
		s.Reads().Fail(sandbox.Custom(http.StatusOK, nil, body))
		_, err := s.Transaction(t.Context(), "T-1", false)
		if err == nil || errors.Is(err, zotlo.ErrUnknownTransaction) != unknown {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestTroubleIsNotUnknown(t *testing.T) {
	long := `{"result":{"transaction":{"transaction_id":"T-1","x":"` + strings.Repeat("x", 256<<10) + `"}}}`
	for name, c := range map[string]struct {
		fault  sandbox.Fault
		result string
		calls  int
	}{
		"keys":          {sandbox.BadCredentials(), zotlo.ResultCredentials, 1},
		"address":       {sandbox.BadRequest(sandbox.CodeEndpoint), zotlo.ResultCredentials, 1},
		"bare 401":      {sandbox.Custom(401, nil, ""), zotlo.ResultCredentials, 1},
		"bare 404":      {sandbox.Custom(404, nil, "<h1>Not found</h1>"), zotlo.ResultCredentials, 1},
		"bare 400":      {sandbox.Custom(400, nil, "{}"), zotlo.ResultRefused, 1},
		"bare 403":      {sandbox.Custom(403, nil, "no"), zotlo.ResultRefused, 1},
		"server error":  {sandbox.ServerError(), zotlo.ResultServerError, 2},
		"inside a 200":  {sandbox.ErrorInside200(sandbox.CodeServer), zotlo.ResultServerError, 2},
		"bad gateway":   {sandbox.Custom(502, nil, "<h1>Bad gateway</h1>"), zotlo.ResultServerError, 2},
		"429":           {sandbox.RateLimited("30"), zotlo.ResultThrottled, 1},
		"cut off":       {sandbox.CutOff(), zotlo.ResultConnection, 2},
		"reset":         {sandbox.Reset(), zotlo.ResultConnection, 2},
		"redirect":      {sandbox.Redirect("https://elsewhere.example/"), zotlo.ResultBadAnswer, 1},
		"not JSON":      {sandbox.NotJSON(), zotlo.ResultBadAnswer, 1},
		"too long":      {sandbox.Custom(200, nil, long), zotlo.ResultBadAnswer, 1},
		"no answer yet": {sandbox.Latency(time.Hour), zotlo.ResultTimeout, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			p := s.sell("1")
			reader := s.client(func(cfg *zotlo.Config) {
				if name == "no answer yet" {
					cfg.Timeout = 50 * time.Millisecond
				}
			})
			s.Reads().Fail(c.fault)
			_, err := reader.Transaction(t.Context(), p.TransactionID, false)
			var e *zotlo.Error
			if !errors.As(err, &e) || e.Result != c.result || errors.Is(err, zotlo.ErrUnknownTransaction) {
				t.Errorf("%v, want %s", err, c.result)
			}
			if n := s.Reads().Calls(); n != c.calls {
				t.Errorf("asked %d times, want %d", n, c.calls)
			}
			// Whatever a read is told, shoppers are not stopped.
			if reader.Blocked() != nil || reader.BreakerOpen() {
				t.Errorf("shoppers are held up: %v", reader.Blocked())
			}
		})
	}
}

func TestATransactionIsTriedAgain(t *testing.T) {
	s := openShop(t)
	p := s.sell("1")
	s.Reads().FailNext(1, sandbox.ServerError())
	if e := s.find(p.TransactionID, false); e.Price != "9.99" || s.Reads().Calls() != 2 {
		t.Errorf("%+v after %d calls", e, s.Reads().Calls())
	}
}

// Where shoppers' calls are held up, reads are, too, and say so as usual.
func TestReadsObeyShoppersBreakerAndPauses(t *testing.T) {
	for result, fault := range map[string]sandbox.Fault{
		zotlo.ResultOpen:        sandbox.Reset(),
		zotlo.ResultThrottled:   sandbox.RateLimited("60"),
		zotlo.ResultCredentials: sandbox.BadCredentials(),
	} {
		s := openShop(t)
		s.Fail(fault)
		for range 5 {
			if _, err := s.OneLink(t.Context(), zotlo.LinkRequest{LinkID: "1"}); err == nil {
				t.Fatal("there is a link")
			}
		}
		_, err := s.Transaction(t.Context(), "T-1", false)
		var e *zotlo.Error
		if !errors.As(err, &e) || e.Result != result || s.Reads().Calls() != 0 {
			t.Errorf("%v after %d calls, want %s", err, s.Reads().Calls(), result)
		}
	}
}

// Reads that fail hold up reads, in every client of the account.
func TestReadsHaveABreakerOfTheirOwn(t *testing.T) {
	state := zotlo.NewState()
	s := openShop(t, func(c *zotlo.Config) { c.State = state })
	s.Reads().Fail(sandbox.Reset())
	for range 8 {
		if _, err := s.Transaction(t.Context(), "T-1", false); err == nil {
			t.Fatal("the transaction is there")
		}
	}
	calls := s.Reads().Calls()
	reloaded := s.client(func(c *zotlo.Config) { c.State = state })
	_, err := reloaded.Transaction(t.Context(), "T-1", false)
	var e *zotlo.Error
	if !errors.As(err, &e) || e.Result != zotlo.ResultOpen || e.RetryAfter <= 0 || s.Reads().Calls() != calls {
		t.Errorf("%v after %d calls", err, s.Reads().Calls()-calls)
	}
	s.sell("1")
}

func TestAReadThatNobodyWaitsFor(t *testing.T) {
	s := openShop(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Transaction(ctx, "T-1", false)
	if !errors.Is(err, context.Canceled) || s.Reads().Calls() != 0 {
		t.Errorf("%v after %d calls", err, s.Reads().Calls())
	}
}
