package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestOnlyExactly200IsSuccess(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 302, 400, 401, 404, 429, 500, 503} {
		hooks := openShop(t, status)
		s, e := paid(t, hooks.url)
		want := sandbox.Pending
		if status == 200 {
			want = sandbox.Delivered
		}
		if e.State != want || len(e.Attempts) != 1 || e.Attempts[0].Status != status {
			t.Errorf("%d: %s after %+v", status, e.State, e.Attempts)
		}
		if n := len(hooks.received()); n != 1 {
			t.Errorf("%d: %d requests arrived", status, n)
		}
		s.clock.Advance(24 * time.Hour)
		if n := s.Deliver(t.Context()); n != map[bool]int{true: 0, false: 1}[status == 200] {
			t.Errorf("%d: tried again %d times", status, n)
		}
	}
}

// schedule steps through time minute by minute and notes when the shop hears
// something, until nothing is pending.
func schedule(
	t *testing.T, kind sandbox.Kind, w func(url string) sandbox.Webhooks,
) []time.Duration {
	t.Helper()
	hooks := openShop(t, slices.Repeat([]int{500}, 100)...)
	s := open(t, sandbox.Config{Webhooks: w(hooks.url)})
	mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	var heard []time.Duration
	bodies := make(map[string]bool)
	for minute := range 24 * 60 {
		for _, body := range hooks.received() {
			heard = append(heard, time.Duration(minute)*time.Minute)
			bodies[body] = true
		}
		s.clock.Advance(time.Minute)
		s.Deliver(t.Context())
	}
	e := onlyEvent(t, s)
	if e.Kind != kind || e.State != sandbox.Dropped || len(e.Attempts) != len(heard) {
		t.Errorf("%s ended %s after %d attempts", e.Kind, e.State, len(e.Attempts))
	}
	if len(bodies) != 1 {
		t.Error("the tries differ in their bodies")
	}
	return heard
}

func TestRetrySchedule(t *testing.T) {
	const m = time.Minute
	got := schedule(t, sandbox.KindPayment,
		func(url string) sandbox.Webhooks { return sandbox.Webhooks{Payments: url} })
	want := []time.Duration{0, 10 * m, 40 * m, 70 * m, 100 * m, 160 * m}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = schedule(t, sandbox.KindRegistration,
		func(url string) sandbox.Webhooks { return sandbox.Webhooks{Registration: url} })
	want = []time.Duration{0}
	for i := range 10 {
		want = append(want, time.Duration(i+1)*time.Hour)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnreachableShopIsTriedAgain(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	s, e := paid(t, srv.URL)
	if e.State != sandbox.Pending || e.Attempts[0].Err == nil ||
		!e.Due.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("event %+v", e)
	}
	if n := s.Deliver(t.Context()); n != 0 {
		t.Errorf("tried %d before it was due", n)
	}
}
