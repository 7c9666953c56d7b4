package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// paid pays a link whose only webhook is the payment.
func paid(t *testing.T, hooks string) (*harness, sandbox.Event) {
	t.Helper()
	s := open(t, sandbox.Config{Webhooks: sandbox.Webhooks{Payments: hooks}})
	mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	return s, onlyEvent(t, s)
}

func onlyEvent(t *testing.T, s *harness) sandbox.Event {
	t.Helper()
	events := s.Events()
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	return events[0]
}

// Hold and Send give a test any order and any repeat.
func TestRepeatsAndAnotherOrder(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(hooks.url)})
	s.HoldWebhooks()
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	if _, err := s.Refund(p.TransactionID); err != nil {
		t.Fatal(err)
	}
	told(t, hooks)

	events := s.Events()
	for _, i := range []int{3, 0, 0, 3} { // the refund first, and both twice
		if status, err := s.Send(t.Context(), events[i].ID); status != 200 || err != nil {
			t.Errorf("%d, %v", status, err)
		}
	}
	told(t, hooks, "refund start_paid 9.99", "payment start_paid 9.99", "payment start_paid 9.99",
		"refund start_paid 9.99")
	if n := s.ReleaseWebhooks(t.Context()); n != 2 {
		t.Errorf("%d were still waiting", n)
	}
	told(t, hooks, "status newSubscriber active", "registration ada@example.com")
	renew(t, s, p)
	told(t, hooks, "payment renewal 9.99", "status renewal active")
	if _, err := s.Send(t.Context(), "none"); err != sandbox.ErrNoEvent {
		t.Errorf("an unknown event: %v", err)
	}
	for _, e := range s.Events() {
		if e.Kind != sandbox.KindRegistration &&
			!strings.Contains(string(e.Body), `"requestID":"`+e.ID+`"`) {
			t.Errorf("event %s has another requestID: %s", e.ID, e.Body)
		}
	}
}

func TestRepeatOfADeliveredOneChangesNothing(t *testing.T) {
	hooks := openShop(t, 200, 500)
	s, e := paid(t, hooks.url)
	if status, _ := s.Send(t.Context(), e.ID); status != 500 {
		t.Fatalf("status %d", status)
	}
	if again := onlyEvent(t, s); again.State != sandbox.Delivered || len(again.Attempts) != 2 {
		t.Errorf("event %+v", again)
	}
}

// However many deliver at once, a webhook that is due goes out once: here the
// shop itself asks for another round while it is being told.
func TestDueWebhookGoesOutOnce(t *testing.T) {
	var s *harness
	var got atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got.Add(1) == 1 {
			if n := s.Deliver(r.Context()); n != 2 {
				t.Errorf("the round in between tried %d", n)
			}
		}
	}))
	t.Cleanup(srv.Close)
	s = open(t, sandbox.Config{Webhooks: sandbox.WebhooksTo(srv.URL)})
	s.HoldWebhooks()
	mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	if n := s.Deliver(t.Context()); n != 1 || got.Load() != 3 {
		t.Errorf("tried %d, %d arrived", n, got.Load())
	}
}

// Run needs no help: in virtual time it follows the schedule by itself.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var heard []time.Duration
		shop := roundTrip(func(*http.Request) int {
			heard = append(heard, time.Since(start))
			if len(heard) < 4 {
				return 503
			}
			return 200
		})
		s := sandbox.New(sandbox.Config{
			Client:   &http.Client{Transport: shop},
			Webhooks: sandbox.Webhooks{Payments: "https://shop.example.com/hooks"},
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()

		client := &http.Client{Transport: s.Transport()}
		out, err := send(client, request(t, "https://api.example.com",
			ask(fields{"subscriberId": "ada@example.com"})))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if _, err := s.Pay(out.link()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		stop()
		<-done
		const m = time.Minute
		if diff := cmp.Diff([]time.Duration{5 * m, 15 * m, 45 * m, 75 * m}, heard); diff != "" {
			t.Error(diff)
		}
	})
}

type roundTrip func(*http.Request) int

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: f(r), Header: http.Header{}, Body: http.NoBody, Request: r,
	}, nil
}

// requestID reads the id of a delivery, and cuts it out of its body.
func requestID(t *testing.T, body string) (id, rest string) {
	t.Helper()
	var w struct{ Queue struct{ RequestID string } }
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if id = w.Queue.RequestID; id == "" {
		return "", body
	}
	return id, strings.ReplaceAll(body, id, "")
}

// One payment comes twice, under two ids; nothing else differs.
func TestCopyUnderANewRequestID(t *testing.T) {
	hooks := openShop(t)
	s, e := paid(t, hooks.url)
	s.clock.Advance(time.Minute)
	if status, err := s.SendCopy(t.Context(), e.ID); status != 200 || err != nil {
		t.Fatalf("%d, %v", status, err)
	}
	got := hooks.received()
	if len(got) != 2 {
		t.Fatalf("%d deliveries", len(got))
	}
	firstID, first := requestID(t, got[0])
	secondID, second := requestID(t, got[1])
	if firstID == "" || secondID == "" || firstID == secondID || first != second {
		t.Errorf("the deliveries are\n%s\nand\n%s", got[0], got[1])
	}
	events := s.Events()
	if len(events) != 2 || events[0].ID != firstID || events[1].ID != secondID ||
		events[1].TransactionID != e.TransactionID || events[1].State != sandbox.Delivered {
		t.Errorf("events: %+v", events)
	}
	if n := len(s.Payments()); n != 1 {
		t.Errorf("%d payments", n)
	}
}

func TestCopyThatFailsIsRepeated(t *testing.T) {
	hooks := openShop(t, 200, 503)
	s, e := paid(t, hooks.url)
	if status, err := s.SendCopy(t.Context(), e.ID); status != 503 || err != nil {
		t.Fatalf("%d, %v", status, err)
	}
	s.clock.Advance(10 * time.Minute)
	if n := s.Deliver(t.Context()); n != 1 {
		t.Errorf("tried %d again", n)
	}
	told(t, hooks, "payment start_paid 9.99", "payment start_paid 9.99", "payment start_paid 9.99")
	if _, err := s.SendCopy(t.Context(), "none"); err != sandbox.ErrNoEvent {
		t.Errorf("an unknown event: %v", err)
	}
}

// Bodies that have no requestID come again as they are.
func TestCopyWithoutARequestID(t *testing.T) {
	hooks := openShop(t)
	s := open(t, sandbox.Config{
		Webhooks: sandbox.Webhooks{Payments: hooks.url, Registration: hooks.url},
	})
	mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}), sandbox.Sample2020())
	first := hooks.received()
	for _, e := range s.Events() {
		if _, err := s.SendCopy(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(first, hooks.received()); diff != "" || len(first) != 2 {
		t.Errorf("%d bodies: %s", len(first), diff)
	}
}
