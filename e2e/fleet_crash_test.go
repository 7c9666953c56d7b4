//go:build unix

package e2e_test

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// A node dies at each step of a payment's work: before a script of the ledger writes into a kind of
// document or row. The fleet's Redis remembers what was done; the repeat does the rest, and counts what was not
// done wholly.
func TestCrashWithSharedLedger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind    string
		counted float64 // by the metrics of the nodes that live
	}{
		"before anybody has paid under the link": {"doc:99", 1},
		"before the payment is written":          {"doc:115", 1},
		"before the subscriber is known":         {"doc:112", 1},
		"before it is in the sums of its day":    {"row:100", 1},
		"before the webhook is marked as seen":   {"doc:109", 0}, // all of it is done
	} {
		stopAt := regexp.MustCompile(`\r\neval(?:sha)?\r\n[^*]*checkout-ledger:` + c.kind + ":")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := redistest.Start(t)
			way := openTap(t, redis.Addr)
			f := openFleet(t, 1, sharing, "redis://"+way.addr)
			node := f.nodes[0]
			f.join(t, sharing, "REDIS="+redis.URL())
			link := node.Sold(t, ann, "/monthly")
			f.zotlo.HoldWebhooks()
			node.Pay(t, link)
			payment := node.Event(t, sandbox.KindPayment)

			stopped := way.stopAt(stopAt)
			tried := make(chan error, 1)
			go func() {
				_, err := f.zotlo.Send(t.Context(), payment.ID)
				tried <- err
			}()
			select {
			case <-stopped:
			case err := <-tried:
				t.Fatalf("the webhook was over (%v) before the ledger wrote there", err)
			}
			node.Kill()
			if err := <-tried; err == nil {
				t.Fatal("a node that died answered")
			}
			way.open()
			node.Restart()
			node.Deliver(t, payment, http.StatusOK)
			node.Deliver(t, payment, http.StatusOK)
			for _, n := range f.nodes {
				if got := n.Click(t, ann, "/monthly"); got.Header.Get("Location") != "/account" {
					t.Errorf("a subscriber was sent to %q, want the account page",
						got.Header.Get("Location"))
				}
			}
			f.wantSum(t, shoptest.Webhooks, `result="failed"`, 0)
			f.wantSum(t, shoptest.Conversions, `campaign="monthly"`, c.counted)
		})
	}
}

// tap is a connection to Redis that stops where a test says.
type tap struct {
	addr    string
	mu      sync.Mutex
	pattern *regexp.Regexp
	stopped chan struct{}
}

func openTap(t *testing.T, to string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tap{addr: l.Addr().String()}
	var all sync.WaitGroup
	t.Cleanup(func() { l.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { w.carry(client, to) })
		}
	})
	return w
}

// carry brings commands to the server until one is to be stopped, and answers back.
func (w *tap) carry(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		io.Copy(client, server)
		client.Close()
	}()
	chunk := make([]byte, 64<<10)
	for {
		n, err := client.Read(chunk)
		if err != nil {
			return
		}
		if w.stops(chunk[:n]) {
			io.Copy(io.Discard, client) // until the node is dead
			return
		}
		if _, err := server.Write(chunk[:n]); err != nil {
			return
		}
	}
}

func (w *tap) stops(commands []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pattern == nil || !w.pattern.Match(commands) {
		return false
	}
	if w.stopped != nil {
		close(w.stopped)
		w.stopped = nil
	}
	return true
}

// stopAt swallows the commands that match; the channel is closed at the first.
func (w *tap) stopAt(pattern *regexp.Regexp) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pattern, w.stopped = pattern, make(chan struct{})
	return w.stopped
}

func (w *tap) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pattern = nil
}
