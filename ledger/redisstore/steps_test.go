//go:build unix

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/ledger"
)

// TestWhatHappenedIsABeginning cuts a Do between every two steps, in every way that we know, and
// does it again. At the end each step has happened once.
func TestWhatHappenedIsABeginning(t *testing.T) {
	for name, cut := range map[string]struct {
		cut, heal func(*redistest.Server, context.CancelFunc)
		survives  bool // the next step connects anew
	}{
		"the caller leaves": {cut: func(_ *redistest.Server, leave context.CancelFunc) { leave() }},
		"the server is killed": {
			cut:  func(server *redistest.Server, _ context.CancelFunc) { server.Kill() },
			heal: func(server *redistest.Server, _ context.CancelFunc) { server.Restart() },
		},
		"the server is killed and comes back": {
			cut:      func(server *redistest.Server, _ context.CancelFunc) { server.Restart() },
			survives: true,
		},
		"the server stands still": {
			cut:  func(server *redistest.Server, _ context.CancelFunc) { server.Pause() },
			heal: func(server *redistest.Server, _ context.CancelFunc) { server.Resume() },
		},
		"the server becomes a replica": {
			cut: func(server *redistest.Server, _ context.CancelFunc) {
				server.Client().ReplicaOf(bg, "127.0.0.1", "1")
			},
			heal: func(server *redistest.Server, _ context.CancelFunc) {
				server.Client().ReplicaOf(bg, "no", "one")
			},
		},
		"the store is closed": {},
	} {
		for before := 1; before < saleSteps; before++ {
			t.Run(fmt.Sprintf("%s before step %d", name, before+1), func(t *testing.T) {
				t.Parallel()
				server := durable(t)
				cfg := Config{URLs: []string{server.URL()}, WriteTimeout: redisclient.MaxTimeout}
				if name == "the server stands still" {
					cfg.Timeout, cfg.WriteTimeout = redisclient.DefaultTimeout, time.Second
				}
				s, later := open(t, cfg), open(t, Config{URLs: cfg.URLs})
				ctx, leave := context.WithCancel(bg)
				defer leave()
				err := record(ctx, s, "sale", func(done int) {
					switch {
					case done != before:
					case cut.cut == nil:
						s.Close()
					default:
						cut.cut(server, leave)
					}
				})
				if (err == nil) != cut.survives {
					t.Fatalf("recording: %v", err)
				}
				if cut.heal != nil {
					cut.heal(server, leave)
				}
				eventually(t, later)
				// A server that stood still has read what it was sent, and does it.
				n := reached(t, later, "sale")
				if err == nil && n != saleSteps || err != nil && n != before && n != before+1 {
					t.Errorf("%d steps have happened", n)
				}
				for range 2 {
					must(t, record(bg, later, "sale", nil))
				}
				if n := reached(t, later, "sale"); n != saleSteps {
					t.Errorf("in the end, %d steps have happened", n)
				}
			})
		}
	}
}

// TestNoStepFollowsOneThatFailed, even where take goes on, and Do says so.
func TestNoStepFollowsOneThatFailed(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, at(server))
	must(t, server.Client().Set(bg, s.name(docs, state), "corrupt", 0).Err())
	err := s.Do(bg, func(steps ledger.Steps) error {
		must(t, steps.Change(ada, to("first")))
		fails(t, steps.Change(state, to("second")), "corrupt")
		fails(t, steps.Change(ada, to("third")), "corrupt")
		fails(t, steps.Add(may, "sale", one("n")), "corrupt")
		_, err := steps.Read(ada)
		fails(t, err, "corrupt")
		return nil
	})
	fails(t, err, "corrupt")
	has(t, s, ada, "first")
	hasRow(t, s, may, map[string]int64{})
}

// TestSalesSurviveKills has two nodes record sales while their server is killed again and again.
// What was answered with success is there, and in the end everything is there once.
func TestSalesSurviveKills(t *testing.T) {
	const clients, each, kills = 16, 40, 6
	server := durable(t)
	nodes := []*Store{
		open(t, at(server)), open(t, at(server)),
	}
	// Long enough for every restart on a busy machine; a store that never comes back fails the test.
	ctx, cancel := context.WithTimeout(bg, time.Minute)
	defer cancel()
	var failed atomic.Int32
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for j := range each {
				// Two clients record each sale, at two nodes.
				sale := fmt.Sprint("sale ", i/2, " ", j)
				for {
					err := record(ctx, nodes[i%2], sale, nil)
					if err == nil {
						break
					}
					if failed.Add(1); ctx.Err() != nil {
						t.Errorf("%s: %v", sale, err)
						return
					}
				}
				docs, err := nodes[i%2].Read(bg, ledger.Key{Kind: sales, ID: sale})
				if err == nil && string(docs[0].Value) != "done" {
					t.Errorf("%s was recorded, and is %q", sale, docs[0].Value)
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { all.Wait(); close(finished) }()
	for range kills {
		select {
		case <-finished:
		default:
			server.Restart()
			must(t, server.Client().Ping(bg).Err())
		}
	}
	<-finished
	n := int64(clients / 2 * each)
	hasRow(t, nodes[0], june, map[string]int64{"n": n, "eur": n * 1999})
	if failed.Load() == 0 {
		t.Error("no kill has met a sale")
	}
}

// TestACallerThatLeftTakesNoStep, and hears why.
func TestACallerThatLeftTakesNoStep(t *testing.T) {
	s := open(t, Config{URLs: []string{redistest.Start(t).URL()}})
	ctx, leave := context.WithCancel(bg)
	leave()
	for op, err := range everyOperation(ctx, t, s) {
		if !errors.Is(err, context.Canceled) || Kind(err) != "canceled" {
			t.Errorf("%s: %v", op, err)
		}
	}
	has(t, s, ada, "")
}
