//go:build unix

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/ledger"
)

// durable starts a server that has on disk what it has answered.
func durable(t testing.TB) *redistest.Server {
	return redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
}

// A sale is recorded as the ledger does: a payment, its effects, the payment's mark that all is
// done. The effects lie in slots of their own.
const saleSteps = 4

var (
	state = ledger.Key{Kind: sales, ID: "state"}
	june  = ledger.Key{Kind: sums, ID: "june"}
)

// record takes the steps of a sale, and calls between before each of them but the first.
func record(ctx context.Context, s *Store, sale string, between func(done int)) error {
	payment := ledger.Key{Kind: sales, ID: sale}
	return s.Do(ctx, func(steps ledger.Steps) error {
		for i, step := range []func() error{
			func() error {
				return steps.Change(payment, func(old ledger.Doc) (ledger.Doc, error) {
					if old.Value == nil {
						old.Value = []byte("open")
					}
					return old, nil
				})
			},
			func() error { return steps.Change(state, to("paid")) },
			func() error {
				return steps.Add(june, sale, one("n"), ledger.Delta{Field: "eur", N: 1999})
			},
			func() error { return steps.Change(payment, to("done")) },
		} {
			if i > 0 && between != nil {
				between(i)
			}
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

// reached says how many steps of a sale have happened, and fails where they are no beginning.
func reached(t *testing.T, s *Store, sale string) int {
	t.Helper()
	docs, err := s.Read(bg, ledger.Key{Kind: sales, ID: sale}, state)
	must(t, err)
	rows, err := s.Rows(bg, june)
	must(t, err)
	got := fmt.Sprintf("%s %s %v", docs[0].Value, docs[1].Value, rows[0])
	for i, want := range []string{
		"  map[]", "open  map[]", "open paid map[]", "open paid map[eur:1999 n:1]",
		"done paid map[eur:1999 n:1]",
	} {
		if got == want {
			return i
		}
	}
	t.Fatalf("what has happened is no beginning of the steps: %s", got)
	return 0
}

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

// eventually waits until a server reads and writes again.
func eventually(t *testing.T, s *Store) {
	t.Helper()
	redistest.Eventually(t, "the server is back", func() bool {
		_, err := s.Rows(bg, june)
		return err == nil && put(s, ada, to("back")) == nil
	})
}

// TestALostAnswerIsAnError: the step has happened, and nobody was told. Done again, it is there once.
func TestALostAnswerIsAnError(t *testing.T) {
	for lost := 1; lost <= saleSteps; lost++ {
		t.Run(fmt.Sprint("of step ", lost), func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			between, direct := newWire(t, server.Addr), open(t, Config{URLs: []string{server.URL()}})
			s := open(t, Config{URLs: []string{between.url}})
			must(t, put(s, ada, to("warm"))) // the script is known
			must(t, count(s, may, "", one("n")))
			between.lose.Store(int32(lost))
			err := record(bg, s, "sale", nil)
			fails(t, err, "connection")
			if n := reached(t, direct, "sale"); n != lost {
				t.Errorf("%d steps have happened", n)
			}
			must(t, record(bg, s, "sale", nil))
			if n := reached(t, direct, "sale"); n != saleSteps {
				t.Errorf("in the end, %d steps have happened", n)
			}
		})
	}
}

// wire lies between a store and its server, and can lose the answer to a script.
type wire struct {
	url  string
	lose atomic.Int32 // the number of the script whose answer is lost, from 1; 0 is none
}

func newWire(t *testing.T, server string) *wire {
	t.Helper()
	w := &wire{}
	var mu sync.Mutex
	upstream := map[net.Conn]net.Conn{}
	t.Cleanup(func() {
		for _, up := range upstream {
			up.Close()
		}
	})
	w.url = redistest.Fake(t, func(conn *net.TCPConn, command []string) bool {
		mu.Lock()
		defer mu.Unlock()
		up := upstream[conn]
		if up == nil {
			var err error
			if up, err = net.Dial("tcp", server); err != nil {
				return false
			}
			upstream[conn] = up
		}
		var sent strings.Builder
		fmt.Fprintf(&sent, "*%d\r\n", len(command))
		for _, word := range command {
			fmt.Fprintf(&sent, "$%d\r\n%s\r\n", len(word), word)
		}
		io.WriteString(up, sent.String())
		answer := make([]byte, 64<<10) // one read: the answers of this test are short
		n, err := up.Read(answer)
		if err != nil {
			return false
		}
		if strings.EqualFold(command[0], "evalsha") && w.lose.Load() > 0 && w.lose.Add(-1) == 0 {
			return false
		}
		_, err = conn.Write(answer[:n])
		return err == nil
	})
	return w
}

// TestNoStepFollowsOneThatFailed, even where take goes on, and Do says so.
func TestNoStepFollowsOneThatFailed(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{URLs: []string{server.URL()}})
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
		open(t, Config{URLs: []string{server.URL()}}), open(t, Config{URLs: []string{server.URL()}}),
	}
	var failed atomic.Int32
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for j := range each {
				// Two clients record each sale, at two nodes.
				sale := fmt.Sprint("sale ", i/2, " ", j)
				for record(bg, nodes[i%2], sale, nil) != nil {
					failed.Add(1)
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
