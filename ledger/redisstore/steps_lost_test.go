//go:build unix

package redisstore

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
)

// TestALostAnswerIsAnError: the step has happened, and nobody was told. Done again, it is there
// once.
func TestALostAnswerIsAnError(t *testing.T) {
	for lost := 1; lost <= saleSteps; lost++ {
		t.Run(fmt.Sprint("of step ", lost), func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			between, direct := newWire(t, server.Addr), open(t, at(server))
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
