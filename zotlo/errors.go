package zotlo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// How a call ended. All but the last two are the results of a call that was made, and labels of a
// metric; see Results.
const (
	ResultOK          = "ok"
	ResultRefused     = "refused"      // 4xx, or an error code in a 200
	ResultCredentials = "credentials"  // 401002 or 404001: keys or address are wrong
	ResultThrottled   = "throttled"    // 429, or a pause after one
	ResultServerError = "server_error" // 5xx or 500000
	ResultConnection  = "connection"   // no whole answer
	ResultTimeout     = "timeout"      // no whole answer in time
	ResultBadAnswer   = "bad_answer"   // 200 without what was asked for, 3xx, too long, not JSON
	ResultUntrusted   = "untrusted_link"
	ResultPanic       = "panic"

	ResultOpen = "open" // no call was made: the circuit breaker is open
	ResultBusy = "busy" // no call was made: the project's rate allows none in time
)

// Results lists every result that Hooks.APICall may be told, a closed set for metrics. ResultOpen
// and ResultBusy are not among them, for no call was made.
func Results() []string {
	return []string{
		ResultOK, ResultRefused, ResultCredentials, ResultThrottled, ResultServerError,
		ResultConnection, ResultTimeout, ResultBadAnswer, ResultUntrusted, ResultPanic,
	}
}

// Error is why a call gave nothing. Its text is for the log: it holds no link, no secret, no
// personal data and no text of the API's.
type Error struct {
	Result     string        // one of the Result constants
	RetryAfter time.Duration // zero when there is nothing to say
	Code       string        // Zotlo's errorCode, if any
	RequestID  string        // Zotlo's requestId, if any
	Status     int           // HTTP status of the API, if any
	cause      error
}

// Error is the cause, in words of our own.
func (e *Error) Error() string { return e.cause.Error() }

// Unwrap lets errors.Is find the cause, for example context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// failed makes an Error with this result. Its text goes to the log, so the arguments hold nothing
// of a request or an answer.
func failed(result, format string, args ...any) *Error {
	return &Error{Result: result, cause: fmt.Errorf(format, args...)}
}

// outage tells a failure of the other side as a whole from a failure of one request. Only such
// failures are tried again, and count for the circuit breaker.
func (e *Error) outage() bool {
	switch e.Result {
	case ResultServerError, ResultConnection, ResultTimeout:
		return true
	}
	return false
}

// again is a remembered error: it says what the API said then, and that no call was made now.
// RetryAfter was counted from that answer, so it is left out.
func (e *Error) again(why string) *Error {
	again := *e
	again.RetryAfter, again.cause = 0, errors.New(why)
	return &again
}

// connectionError is the error of a call that got no whole answer: a timeout if time ran out, by
// ctx or by the network, else a broken connection.
func connectionError(ctx context.Context, err error) *Error {
	cause := safeCause(err)
	if ctx.Err() != nil || errors.Is(cause, context.DeadlineExceeded) {
		return failed(ResultTimeout, "calling the API: %w", cause)
	}
	return failed(ResultConnection, "calling the API: %w", cause)
}

// safeCause says what kind of network error err is in words of our own. The texts of net/http quote
// bytes that the other side sent, and those must not reach a log.
func safeCause(err error) error {
	var (
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		errno   syscall.Errno
		timeout interface{ Timeout() bool }
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &dns):
		return errors.New("name lookup failed")
	case errors.As(err, &cert), errors.As(err, &unknown):
		return errors.New("TLS certificate not accepted")
	case errors.As(err, &record):
		return errors.New("not a TLS server")
	case errors.As(err, &alert):
		return errors.New("TLS handshake refused")
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("connection closed before the answer was complete")
	}
	return fmt.Errorf("no usable HTTP answer (%T)", err)
}
