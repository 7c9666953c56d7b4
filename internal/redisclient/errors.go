package redisclient

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

// Error is a failed operation. Its text names the operation and the kind of failure and nothing
// else: what a server answers may repeat keys and values, and what a connection says may repeat
// addresses.
type Error struct {
	Op    string // what was asked, as Do was told
	Kind  string // one of the Kind constants
	cause error
}

// Error names the operation and the kind, and nothing that came from outside.
func (e *Error) Error() string { return "redis " + e.Op + ": " + e.Kind }

// Is compares with the cause, so that errors.Is(err, context.Canceled) works.
func (e *Error) Is(target error) bool { return errors.Is(e.cause, target) }

// The kinds of failure, a closed set for metrics.
const (
	KindCanceled   = "canceled"   // the caller gave up, or their own deadline passed
	KindTimeout    = "timeout"    // no answer within Config.Timeout
	KindConnection = "connection" // refused, reset, unreachable, TLS, no such host
	KindOpen       = "open"       // the breaker is open: nothing was asked
	KindClosed     = "closed"     // the client was closed
	KindAuth       = "auth"       // wrong password, or a command or key that the ACL forbids
	KindFull       = "full"       // out of memory, or too many clients
	KindReadOnly   = "readonly"   // a replica, or a master without enough replicas
	KindLoading    = "loading"    // starting up, or following a master that is away
	KindCluster    = "cluster"    // a slot that is nowhere, moving, or elsewhere
	KindProtocol   = "protocol"   // not an answer that Redis would give
	// KindCorrupt is a value that does not open: damaged, foreign, or sealed under another secret.
	KindCorrupt = "corrupt"
	KindTooLong = "too_long" // a value that is not worth keeping
	KindPanic   = "panic"    // a bug, here or in go-redis
	KindOther   = "other"    // any other refusal of the server
)

// Kind is the kind of failure for a metric: canceled, timeout, connection, open, closed, auth,
// full, readonly, loading, cluster, protocol, corrupt, too_long, panic or other. It is empty for
// nil.
func Kind(err error) string {
	if err == nil {
		return ""
	}
	return kindOf(err)
}

// outage reports whether a failure speaks of a server that cannot be used now, so that asking again
// costs time.
func outage(kind string) bool {
	switch kind {
	case KindTimeout, KindConnection, KindAuth, KindLoading, KindProtocol, KindPanic:
		return true
	}
	return false
}

// The causes that a caller finds in a value or an answer, to be given to Wrap.
var (
	ErrCorrupt  = errors.New("value does not open") // KindCorrupt
	ErrTooLong  = errors.New("too long")            // KindTooLong
	ErrProtocol = errors.New("not a Redis reply")   // KindProtocol
)

// The causes that are our own. Error.Is finds them; kindOf names them.
var (
	errClosed = errors.New("closed")
	errPanic  = errors.New("panic")
)

// Wrap makes an Error of err, once: one that is an Error already keeps its operation and kind. The
// error of no error is nil.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Op: op, Kind: kindOf(err), cause: err}
}

// kindOf goes by an error's types and causes, and by its text only where go-redis has no type.
func kindOf(err error) string {
	var e *Error
	var network net.Error
	var server redis.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return KindCanceled
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return KindOpen
	case errors.Is(err, errClosed), errors.Is(err, redis.ErrClosed):
		return KindClosed
	case errors.Is(err, ErrCorrupt):
		return KindCorrupt
	case errors.Is(err, ErrTooLong):
		return KindTooLong
	case errors.Is(err, errPanic):
		return KindPanic
	case errors.Is(err, ErrProtocol):
		return KindProtocol
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, redis.ErrPoolTimeout):
		return KindTimeout
	case errors.As(err, &server):
		return serverKind(server.Error())
	case errors.As(err, &network) && network.Timeout():
		return KindTimeout
	}
	return connectionKind(err)
}

// serverKind goes by the word that a server's error begins with, in upper case by convention of the
// Redis protocol, and for old servers by the text.
func serverKind(text string) string {
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "NOAUTH", "WRONGPASS", "NOPERM":
		return KindAuth
	case "OOM":
		return KindFull
	case "READONLY", "NOREPLICAS", "MISCONF":
		return KindReadOnly
	case "LOADING", "MASTERDOWN", "BUSY":
		return KindLoading
	case "MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN", "CROSSSLOT":
		return KindCluster
	case "WRONGTYPE":
		return KindCorrupt
	}
	switch {
	case strings.HasPrefix(text, "ERR max number of clients"):
		return KindFull
	case strings.Contains(text, "AUTH"), strings.Contains(text, "invalid password"):
		return KindAuth
	}
	return KindOther
}

// connectionKind tells a broken connection from an answer that go-redis could not read, for which
// it has no type.
func connectionKind(err error) string {
	text := err.Error()
	for _, said := range []string{
		"redis: can't parse", "redis: invalid reply", "redis: unexpected", "strconv", "invalid syntax",
	} {
		if strings.Contains(text, said) {
			return KindProtocol
		}
	}
	return KindConnection
}
