package redisclient

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestReplyGuard(t *testing.T) {
	bulk := func(n int) string { return fmt.Sprintf("$%d\r\n%s\r\n", n, strings.Repeat("$", n)) }
	for _, good := range []string{
		"", "+OK\r\n", "-ERR no\r\n", ":7\r\n", "$-1\r\n", "$0\r\n\r\n", "*-1\r\n", "*0\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "(123\r\n",
		bulk(1), bulk(maxReplyBulk), "*2\r\n" + bulk(3) + "*1\r\n:1\r\n", "%1\r\n+a\r\n=5\r\ntxt:a\r\n~1\r\n:1\r\n>1\r\n+push\r\n",
		fmt.Sprintf("*%d\r\n", maxReplyItems), "+" + strings.Repeat("x", maxReplyLine-3) + "\r\n",
		bulk(10) + "+OK\r\n", "$5\r\n\r\n\r\n\r\r\n", "+OK\n",
	} {
		if err := guarded(good, len(good)); err != nil {
			t.Errorf("%.60q: %v", good, err)
		}
		if err := guarded(good, 1); err != nil {
			t.Errorf("%.60q byte by byte: %v", good, err)
		}
	}
	for _, bad := range []string{
		"\r\n", "x\r\n", "GET / HTTP/1.1\r\n", "$\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n", "$?\r\n", "$1 \r\n",
		fmt.Sprintf("$%d\r\n", maxReplyBulk+1), fmt.Sprintf("*%d\r\n", maxReplyItems+1), "%99999999\r\n",
		"$9223372036854775807\r\n", "$99999999999999999999\r\n",
		"+" + strings.Repeat("x", maxReplyLine), "$" + strings.Repeat("0", maxReplyLine+1),
		bulk(3) + "x\r\n",
	} {
		for _, step := range []int{1, 7, len(bad)} {
			if err := guarded(bad, step); !errors.Is(err, ErrProtocol) {
				t.Errorf("%.60q in steps of %d: %v", bad, step, err)
			}
		}
	}
}

// TestALongerReplyMayBeAllowed: a ledger's documents are longer than a cache's links.
func TestALongerReplyMayBeAllowed(t *testing.T) {
	const most = maxReplyBulk * 2
	for announced, good := range map[int]bool{most: true, most + 1: false} {
		g := replyGuard{maxBulk: most}
		if err := g.check(fmt.Appendf(nil, "$%d\r\n", announced)); (err == nil) != good {
			t.Errorf("%d bytes: %v", announced, err)
		}
	}
}

// guarded feeds a stream in pieces.
func guarded(stream string, step int) error {
	var g replyGuard
	for len(stream) > 0 {
		n := min(step, len(stream))
		if err := g.check([]byte(stream[:n])); err != nil {
			return err
		}
		stream = stream[n:]
	}
	return nil
}

func FuzzReplyGuard(f *testing.F) {
	f.Add("*2\r\n$3\r\nabc\r\n:1\r\n", 3)
	f.Add("+OK\r\n-ERR\r\n$-1\r\n", 1)
	f.Add("$99\r\nx", 2)
	f.Fuzz(func(t *testing.T, stream string, step int) {
		whole := guarded(stream, len(stream))
		if pieces := guarded(stream, max(1, step)); (whole == nil) != (pieces == nil) {
			t.Fatalf("whole: %v, in pieces: %v", whole, pieces)
		}
	})
}

// TestASocketThatCannotBeSeenIsSound: then go-redis finds out by using it.
func TestASocketThatCannotBeSeenIsSound(t *testing.T) {
	raw, err := new(conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	looked := func(uintptr) bool { t.Error("looked"); return true }
	if raw.Read(looked) != nil || raw.Write(looked) != nil || raw.Control(func(uintptr) { t.Error("looked") }) != nil {
		t.Error("not sound")
	}
}

func TestTheDialerClosesWhatItCannotUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close() // speaks no TLS
		}
	}()
	address := l.Addr().String()
	if _, err := newDialer(&tls.Config{MinVersion: tls.VersionTLS12}, 0)(t.Context(), "tcp", address); err == nil {
		t.Error("TLS with a server that speaks none")
	}
	if _, err := newDialer(nil, 0)(t.Context(), "tcp", "127.0.0.1:no port"); err == nil {
		t.Error("connected to nowhere")
	}
}
