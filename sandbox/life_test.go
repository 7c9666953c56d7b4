package sandbox_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

const day = 24 * time.Hour

// subscribe starts a subscription and forgets what the shop was told of it.
func subscribe(t *testing.T, s *harness, hooks *shop, opts ...sandbox.PayOption) sandbox.Payment {
	t.Helper()
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}), opts...)
	hooks.received()
	return p
}

// openWithHooks starts a sandbox and a shop that it tells everything.
func openWithHooks(t *testing.T, cfg sandbox.Config) (*harness, *shop) {
	t.Helper()
	hooks := openShop(t)
	cfg.Webhooks = sandbox.WebhooksTo(hooks.url)
	return open(t, cfg), hooks
}

// ok fails the test if one of the steps does.
func ok(t *testing.T, steps ...error) {
	t.Helper()
	for i, err := range steps {
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
}

// standing says what the only subscription is: both states, and the day from
// noon on which it ends.
func standing(t *testing.T, s *harness) string {
	t.Helper()
	list := s.Subscriptions()
	if len(list) != 1 {
		t.Fatalf("%d subscriptions", len(list))
	}
	v := list[0]
	return v.Status + "/" + v.RealStatus + " to " + v.ExpiresAt.Sub(noon).String()
}

func stands(t *testing.T, s *harness, want string) {
	t.Helper()
	if got := standing(t, s); got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
}

// april is what one month from noon is.
const april = "744h0m0s"

func TestCancelRunsToTheEndOfThePeriod(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks)
	stands(t, s, "active/active to "+april)
	ok(t, s.Cancel(p.TransactionID))
	told(t, hooks, "status cancel passive")
	stands(t, s, "active/passive to "+april)
	s.clock.Advance(31*day - time.Second)
	stands(t, s, "active/passive to "+april)
	s.clock.Advance(time.Second)
	stands(t, s, "passive/passive to "+april)
	told(t, hooks) // of the end no webhook tells
	if err := s.Cancel(p.TransactionID); err != sandbox.ErrEnded {
		t.Errorf("cancelling what has ended: %v", err)
	}
	renew(t, s, p)
	told(t, hooks, "payment reactive 9.99", "status reactivate active")
}

func TestCancelNowAndTakenBack(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks)
	ok(t, s.Cancel(p.TransactionID), s.Reactivate(p.TransactionID))
	told(t, hooks, "status cancel passive", "status reactivate active")
	stands(t, s, "active/active to "+april)
	ok(t, s.CancelNow(p.TransactionID))
	told(t, hooks, "status cancel passive")
	stands(t, s, "passive/passive to "+april)
	if err := s.Reactivate(p.TransactionID); err != sandbox.ErrEnded {
		t.Errorf("taking back what has ended: %v", err)
	}
}

func TestGrace(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks)
	s.clock.Advance(31 * day)
	ok(t, s.FailRenewal(p.TransactionID))
	told(t, hooks, "status activeToGrace grace")
	stands(t, s, "grace/grace to "+april)
	s.clock.Advance(day)
	if _, err := s.Recover(p.TransactionID); err != nil {
		t.Fatal(err)
	}
	told(t, hooks, "payment renewal 9.99", "status graceToActive active")
	stands(t, s, "active/active to "+(32*day+30*day).String())

	ok(t, s.SetDoubts(sandbox.Doubts{GraceMovesExpiry: true}))
	ok(t, s.FailRenewal(p.TransactionID))
	stands(t, s, "grace/grace to "+(92*day).String())
	ok(t, s.Lapse(p.TransactionID))
	told(t, hooks, "status activeToGrace grace", "status graceToPassive passive")
	for i, err := range []error{
		s.FailRenewal(p.TransactionID), s.Lapse(p.TransactionID), s.CancelNow(p.TransactionID),
		s.Pause(p.TransactionID, noon), s.Resume(p.TransactionID),
		s.Downgrade(p.TransactionID, sandbox.BaseLink{}),
		func() error { _, err := s.Recover(p.TransactionID); return err }(),
		func() error { _, err := s.Upgrade(p.TransactionID, sandbox.BaseLink{}); return err }(),
	} {
		if err != sandbox.ErrEnded {
			t.Errorf("%d, after the end: %v", i, err)
		}
	}
	told(t, hooks)
}

// frozen reads freezeEndDate of the newest webhook.
func frozen(t *testing.T, hooks *shop) any {
	t.Helper()
	bodies := hooks.received()
	if len(bodies) == 0 {
		t.Fatal("no webhook")
	}
	var w struct {
		Parameters struct {
			Profile struct {
				FreezeEndDate any `json:"freezeEndDate"`
			} `json:"profile"`
		} `json:"parameters"`
	}
	if err := json.Unmarshal([]byte(bodies[len(bodies)-1]), &w); err != nil {
		t.Fatal(err)
	}
	return w.Parameters.Profile.FreezeEndDate
}

func TestPauseAndComeBack(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks)
	ok(t, s.Pause(p.TransactionID, noon.Add(20*day)))
	if got := frozen(t, hooks); got != "2026-04-03 12:00:00" {
		t.Errorf("freezeEndDate %v", got)
	}
	stands(t, s, "active/active to "+april)
	ok(t, s.SetDoubts(sandbox.Doubts{PauseIsPassive: true, PauseIsSilent: true}))
	stands(t, s, "passive/passive to "+april)
	s.clock.Advance(10 * day)
	ok(t, s.Resume(p.TransactionID))
	told(t, hooks) // silent
	stands(t, s, "active/active to "+(41*day).String())

	ok(t, s.SetDoubts(sandbox.Doubts{}))
	ok(t, s.Pause(p.TransactionID, noon.Add(15*day)))
	told(t, hooks, "status freeze active")
	s.clock.Advance(5 * day) // over, silently
	if v := s.Subscriptions()[0]; !v.PausedUntil.IsZero() {
		t.Errorf("still paused: %+v", v)
	}
	ok(t, s.Resume(p.TransactionID))
	if got := frozen(t, hooks); got != nil {
		t.Errorf("freezeEndDate %v", got)
	}
}

func TestChargeBackEndsTheSubscription(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks)
	refundPart(t, s, p, "2.00")
	if after, err := s.ChargeBack(p.TransactionID); err != nil || !after.Refunded {
		t.Fatalf("%+v, %v", after, err)
	}
	if diff := cmp.Diff([]string{"2.00 of 9.99", "7.99 of 9.99"}, refunds(t, hooks)); diff != "" {
		t.Error(diff)
	}
	if v := s.Subscriptions()[0]; v.Status != "passive" {
		t.Errorf("after the charge-back: %+v", v)
	}
	list := s.Refunds()
	if len(list) != 2 || list[1].Reason != sandbox.ChargebackReason || list[1].Amount != "7.99" ||
		list[0].Reason != sandbox.RefundReason || list[1].TransactionID != p.TransactionID {
		t.Errorf("refunds: %+v", list)
	}
}

func TestChangesOfWhatIsNoSubscription(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	once := mustPay(t, s, s.link(t, fields{
		"subscriberId": "ada@example.com", "customPrice": "5", "customCurrency": "EUR",
	}))
	hooks.received()
	for id, want := range map[string]error{
		once.TransactionID: sandbox.ErrNotSubscription, "none": sandbox.ErrNoPayment,
	} {
		for _, err := range []error{
			s.Cancel(id), s.CancelNow(id), s.FailRenewal(id), s.Lapse(id), s.Reactivate(id),
			s.Pause(id, noon), s.Resume(id), s.Downgrade(id, sandbox.BaseLink{}),
			func() error { _, err := s.Recover(id); return err }(),
			func() error { _, err := s.Upgrade(id, sandbox.BaseLink{}); return err }(),
		} {
			if err != want {
				t.Errorf("%q: %v, want %v", id, err, want)
			}
		}
	}
	told(t, hooks)
	if n := len(s.Subscriptions()); n != 0 {
		t.Errorf("%d subscriptions", n)
	}
}
