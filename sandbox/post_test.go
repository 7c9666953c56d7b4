package sandbox_test

import (
	"slices"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// sells makes n payments and returns what the shop heard of them, in order.
func sells(t *testing.T, s *harness, hooks *shop, n int) []string {
	t.Helper()
	for range n {
		mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	}
	return hooks.received()
}

func TestOneWebhookIsLost(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	s.LoseNext(1)
	mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	told(t, hooks, "status newSubscriber active", "registration ada@example.com")
	lost := s.Events()[0]
	if lost.State != sandbox.Lost || lost.Kind != sandbox.KindPayment {
		t.Fatalf("lost: %+v", lost)
	}
	s.clock.Advance(10 * day)
	if n := s.Deliver(t.Context()); n != 0 {
		t.Errorf("what is lost was tried %d times", n)
	}
	if status, err := s.Send(t.Context(), lost.ID); status != 200 || err != nil {
		t.Errorf("sent by hand: %d, %v", status, err)
	}
	told(t, hooks, "payment start_paid 9.99")
	if e := s.Events()[0]; e.State != sandbox.Delivered {
		t.Errorf("after it: %s", e.State)
	}
}

func TestWebhooksTravelBadly(t *testing.T) {
	for _, p := range []sandbox.Post{{Lose: -1}, {Lose: 101}, {Repeat: -1}, {Repeat: 101}} {
		if err := open(t, sandbox.Config{}).SetPost(p); err != sandbox.ErrPost {
			t.Errorf("%+v: %v", p, err)
		}
	}
	only := func(t *testing.T) (*harness, *shop) {
		hooks := openShop(t)
		return open(t, sandbox.Config{Webhooks: sandbox.Webhooks{Payments: hooks.url}}), hooks
	}
	s, hooks := only(t)
	ok(t, s.SetPost(sandbox.Post{Lose: 100}))
	if got := sells(t, s, hooks, 3); len(got) != 0 {
		t.Errorf("all are lost, %d came", len(got))
	}
	ok(t, s.SetPost(sandbox.Post{Lose: 25, Seed: 1}))
	if got := sells(t, s, hooks, 40); len(got) < 20 || len(got) > 38 {
		t.Errorf("a quarter is lost, %d of 40 came", len(got))
	}
	ok(t, s.SetPost(sandbox.Post{Repeat: 100}))
	got := sells(t, s, hooks, 2)
	if len(got) != 4 || got[0] == got[1] || got[0][100:] == got[2][100:] {
		t.Errorf("all come twice, under two ids: %q", got)
	}
}

// The same seed brings the same disorder, to what was held too.
func TestWebhooksInDisorder(t *testing.T) {
	order := func(seed uint64) []string {
		s, hooks := openWithHooks(t, sandbox.Config{})
		s.HoldWebhooks()
		ok(t, s.SetPost(sandbox.Post{Shuffle: true, Seed: seed}))
		for _, id := range []string{"a", "b", "c", "d"} {
			p := mustPay(t, s, s.link(t, fields{"subscriberId": id + "@example.com"}))
			renew(t, s, p)
		}
		if n := s.ReleaseWebhooks(t.Context()); n != 20 {
			t.Errorf("%d released", n)
		}
		var said []string
		for _, body := range hooks.received() {
			said = append(said, summary(t, body))
		}
		return said
	}
	one, again, two := order(7), order(7), order(8)
	if !slices.Equal(one, again) || slices.Equal(one, two) {
		t.Errorf("seed 7: %q\nagain: %q\nseed 8: %q", one, again, two)
	}
}
