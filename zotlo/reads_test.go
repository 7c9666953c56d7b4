package zotlo_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// bubble is a client of a sandbox without a network, for a clock that waits for nobody.
func bubble(t *testing.T, s *sandbox.Sandbox, state *zotlo.State, rate zotlo.Rate) *zotlo.Client {
	t.Helper()
	c, err := zotlo.NewClient(zotlo.Config{
		Project: zotlo.Project{
			AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret,
			ApplicationKey: sandbox.DefaultApplicationKey,
		},
		Transport: s.Transport(), State: state, Rate: rate,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lookAround reads what is unknown.
func lookAround(ctx context.Context, c *zotlo.Client) error {
	_, err := c.Transaction(ctx, "T-1", false)
	if errors.Is(err, zotlo.ErrUnknownTransaction) {
		return nil
	}
	return err
}

// Two clients of one account share eight places, and shoppers need none of them.
func TestEightReadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, state := sandbox.New(sandbox.Config{}), zotlo.NewState()
		s.Reads().Fail(sandbox.Latency(time.Second))
		clients := []*zotlo.Client{bubble(t, s, state, zotlo.Rate{}), bubble(t, s, state, zotlo.Rate{})}
		start := time.Now()
		var all sync.WaitGroup
		for i := range 24 {
			all.Go(func() {
				if err := lookAround(t.Context(), clients[i%2]); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if _, err := clients[0].OneLink(t.Context(), zotlo.LinkRequest{LinkID: "1"}); err == nil || s.Calls() != 1 {
			t.Errorf("a shopper's call did not go out beside the reads: %v", err)
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		var e *zotlo.Error
		if err := lookAround(impatient, clients[1]); !errors.As(err, &e) || e.Result != zotlo.ResultBusy {
			t.Errorf("a read without a place: %v", err)
		}
		all.Wait()
		if most := s.Reads().MaxInFlight(); most != 8 || time.Since(start) != 3*time.Second {
			t.Errorf("%d at once, %s for three rounds", most, time.Since(start))
		}
	})
}

// A read waits for its turn without taking one ahead of time, so shoppers who come after it go
// before it.
func TestReadsGoAfterShoppers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Config{})
		c := bubble(t, s, nil, zotlo.Rate{Events: 2, Per: 2 * time.Second})
		turn := func() time.Duration {
			start := time.Now()
			if err := c.TakeTurn(t.Context()); err != nil {
				t.Error(err)
			}
			return time.Since(start)
		}
		turn()
		turn() // none is left
		start, read := time.Now(), make(chan time.Duration, 1)
		go func() {
			if err := lookAround(t.Context(), c); err != nil {
				t.Error(err)
			}
			read <- time.Since(start)
		}()
		synctest.Wait()
		for range 3 { // one second each, before the read that waits already
			if waited := turn(); waited != time.Second {
				t.Errorf("a shopper waited %s", waited)
			}
		}
		// One turn comes each second, and the read leaves one for the next shopper.
		if waited := <-read; waited != 5*time.Second {
			t.Errorf("the read waited %s", waited)
		}
		if waited := turn(); waited != 0 {
			t.Errorf("the read left no turn: a shopper waited %s", waited)
		}
	})
}

// A rate of one at a time has none to leave.
func TestReadsUnderARateOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Config{})
		c := bubble(t, s, nil, zotlo.Rate{Events: 1, Per: time.Second})
		start := time.Now()
		for range 4 {
			if err := lookAround(t.Context(), c); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("four reads took %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		var e *zotlo.Error
		if err := lookAround(ctx, c); !errors.As(err, &e) || e.Result != zotlo.ResultBusy || e.RetryAfter != time.Second {
			t.Errorf("a read that cannot wait: %v", err)
		}
		if took := time.Since(start); took != 3*time.Second || s.Reads().Calls() != 4 {
			t.Errorf("%s, %d calls", took, s.Reads().Calls())
		}
	})
}

// A retry is a call as any other by the rate.
func TestTheRetryOfAReadTakesATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Config{})
		c := bubble(t, s, nil, zotlo.Rate{Events: 1, Per: 2 * time.Second})
		s.Reads().FailNext(1, sandbox.ServerError())
		start := time.Now()
		if err := lookAround(t.Context(), c); err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		if err := c.TakeTurn(t.Context()); err != nil || time.Since(start) != 4*time.Second {
			t.Errorf("the next turn: %v after %s", err, time.Since(start))
		}
		c.GiveTurnBack()
		// A retry whose turn comes too late is none, and the failure is told, not the wait.
		slow := bubble(t, s, nil, zotlo.Rate{Events: 1, Per: time.Minute})
		s.Reads().FailNext(1, sandbox.ServerError())
		var e *zotlo.Error
		if err := lookAround(t.Context(), slow); !errors.As(err, &e) || e.Result != zotlo.ResultServerError {
			t.Errorf("%v", err)
		}
	})
}

// A read that is told 429 pauses reads; the shop goes on.
func TestA429PausesReadsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, paused := sandbox.New(sandbox.Config{}), 0
		c, err := zotlo.NewClient(zotlo.Config{
			Project:   zotlo.Project{AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret, ApplicationKey: "k"},
			Transport: s.Transport(),
			Hooks:     zotlo.Hooks{Paused: func(string, string, time.Duration) { paused++ }},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Reads().FailNext(1, sandbox.RateLimited("30"))
		for range 3 {
			var e *zotlo.Error
			if err := lookAround(t.Context(), c); !errors.As(err, &e) || e.Result != zotlo.ResultThrottled || e.RetryAfter != 30*time.Second {
				t.Errorf("%v", err)
			}
		}
		if s.Reads().Calls() != 1 || c.Blocked() != nil || paused != 0 {
			t.Errorf("%d calls, %v, %d pauses", s.Reads().Calls(), c.Blocked(), paused)
		}
		time.Sleep(30 * time.Second)
		if err := lookAround(t.Context(), c); err != nil {
			t.Error(err)
		}
		// An export has time, and waits.
		s.Reads().FailNext(2, sandbox.RateLimited("20"))
		start := time.Now()
		for _, err := range c.Payments(time.Time{}, time.Time{}).Records(t.Context()) {
			t.Error(err)
		}
		if took := time.Since(start).Truncate(time.Second); took != 40*time.Second {
			t.Errorf("the export took %s", took)
		}
		// But not for ever.
		s.Reads().Fail(sandbox.RateLimited("20"))
		failed := 0
		for _, err := range c.Payments(time.Time{}, time.Time{}).Records(t.Context()) {
			var e *zotlo.Error
			if !errors.As(err, &e) || e.Result != zotlo.ResultThrottled {
				t.Error(err)
			}
			failed++
		}
		if failed != 1 {
			t.Errorf("%d errors", failed)
		}
	})
}

// Wrong keys that reads alone are told of stop reads, but for one in half a minute.
func TestKeysThatMayNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Config{})
		c := bubble(t, s, nil, zotlo.Rate{})
		s.Reads().Fail(sandbox.BadRequest(sandbox.CodeEndpoint))
		for range 5 {
			var e *zotlo.Error
			if err := lookAround(t.Context(), c); !errors.As(err, &e) || e.Result != zotlo.ResultCredentials {
				t.Errorf("%v", err)
			}
		}
		if s.Reads().Calls() != 1 || c.Blocked() != nil {
			t.Errorf("%d calls, %v", s.Reads().Calls(), c.Blocked())
		}
		s.Reads().Heal()
		time.Sleep(30 * time.Second)
		if err := lookAround(t.Context(), c); err != nil || s.Reads().Calls() != 2 {
			t.Errorf("%v, %d calls", err, s.Reads().Calls())
		}
	})
}
