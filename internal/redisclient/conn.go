package redisclient

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// newDialer connects, with TLS if there is a configuration for it, and guards what comes in: texts of
// a reply have at most maxBulk bytes, by default maxReplyBulk.
func newDialer(
	config *tls.Config, maxBulk int,
) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		socket, _ := raw.(syscall.Conn)
		if config == nil {
			return &conn{Conn: raw, socket: socket, guard: replyGuard{maxBulk: maxBulk}}, nil
		}
		secure, err := handshake(ctx, raw, config, address)
		if err != nil {
			raw.Close()
			return nil, err
		}
		return &conn{Conn: secure, socket: socket, guard: replyGuard{maxBulk: maxBulk}}, nil
	}
}

// handshake begins TLS on a connection. The name in the certificate is that of the address unless
// the configuration says another.
func handshake(
	ctx context.Context, raw net.Conn, config *tls.Config, address string,
) (net.Conn, error) {
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		config = config.Clone()
		config.ServerName = host
	}
	secure := tls.Client(raw, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secure, nil
}

// conn is a connection to a server that may be lying. go-redis allocates whatever length a reply
// announces, so lengths are looked at before go-redis sees them.
type conn struct {
	net.Conn
	// socket is what is under TLS, for SyscallConn; nil if it cannot be looked at.
	socket syscall.Conn
	// hasRead says that something was read. Before that, what lies in the socket may be TLS
	// session tickets, which are no reply.
	hasRead atomic.Bool
	// guard follows what is read, across the borders of reads.
	guard replyGuard
}

// Read closes the connection when a reply announces too much: what follows cannot be trusted.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.hasRead.Store(true)
		if bad := c.guard.check(p[:n]); bad != nil {
			c.Conn.Close()
			return 0, bad
		}
	}
	return n, err
}

// SyscallConn lets go-redis look, before it uses an idle connection again, whether the server has
// closed it or has sent something unasked. With TLS too: after a restart of Redis, connections
// would else fail one by one. A TLS server may send session tickets before the first reply, so a
// connection that has not been read from is taken to be sound.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if c.socket == nil || !c.hasRead.Load() {
		return soundConn{}, nil
	}
	return c.socket.SyscallConn()
}

// soundConn is a socket in which there is nothing to be seen.
type soundConn struct{}

func (soundConn) Control(func(uintptr)) error    { return nil }
func (soundConn) Read(func(uintptr) bool) error  { return nil }
func (soundConn) Write(func(uintptr) bool) error { return nil }

// The bounds of what one reply may announce.
const (
	maxReplyLine  = 4 << 10  // bytes of a simple string, an error or a length
	maxReplyBulk  = 65 << 10 // bytes of a string, where the configuration says none
	maxReplyItems = 16 << 10 // items of an array; a cluster has at most as many slots
)

// replyGuard follows a stream of RESP replies just closely enough to refuse one that announces too
// much.
type replyGuard struct {
	maxBulk int // bytes of a bulk string; 0 is maxReplyBulk

	skip int    // bytes of a bulk string still to come
	line []byte // the beginning of an unfinished line
}

// check looks at the next bytes of the stream, wherever they were cut.
func (g *replyGuard) check(b []byte) error {
	for len(b) > 0 {
		if g.skip > 0 {
			n := min(g.skip, len(b))
			g.skip -= n
			b = b[n:]
			continue
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			end = len(b) - 1
		}
		g.line = append(g.line, b[:end+1]...)
		b = b[end+1:]
		if len(g.line) > maxReplyLine {
			return fmt.Errorf("%w: line too long", ErrProtocol)
		}
		if g.line[len(g.line)-1] == '\n' {
			if err := g.endLine(); err != nil {
				return err
			}
			g.line = g.line[:0]
		}
	}
	return nil
}

// endLine reads the line that begins a reply. RESP3 too, for go-redis asks sentinels in it.
func (g *replyGuard) endLine() error {
	kind, rest := g.line[0], bytes.TrimRight(g.line[1:], "\r\n")
	var limit int
	// A bulk string is followed by as many bytes as it announces; an array by further replies.
	bulk := false
	switch kind {
	case '+', '-', ':', '_', ',', '#', '(':
		return nil
	case '$', '=', '!':
		limit, bulk = cmp.Or(g.maxBulk, maxReplyBulk), true
	case '*', '%', '~', '>', '|':
		limit = maxReplyItems
	default:
		return fmt.Errorf("%w: unknown type", ErrProtocol)
	}
	n, err := strconv.Atoi(string(rest))
	switch {
	case err != nil, n < -1:
		return fmt.Errorf("%w: no length", ErrProtocol)
	case n > limit:
		return fmt.Errorf("%w: too long", ErrProtocol)
	case bulk && n >= 0:
		g.skip = n + len("\r\n")
	}
	return nil
}
