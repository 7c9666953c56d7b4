package linkgen

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

// Reason is why there is no link.
type Reason string

// The reasons.
const (
	Limited       Reason = "limited"        // per_subscriber or per_ip reached
	Busy          Reason = "busy"           // no free call within Limits.Wait
	Throttled     Reason = "throttled"      // API 429, or a pause after one
	Refused       Reason = "refused"        // API 4xx, 200 without a link, remembered refusal, bad credentials
	UntrustedLink Reason = "untrusted_link" // the link is not one we would send a shopper to
	Unavailable   Reason = "unavailable"    // API 5xx, connection failed, breaker open (then RetryAfter > 0)
	Timeout       Reason = "timeout"        // deadline
	Left          Reason = "left"           // the shopper's own context ended
	Panicked      Reason = "panic"          // a bug of ours
)

// publicTexts are what a shopper may read. They say nothing about the inside.
var publicTexts = map[Reason]string{
	Limited:       "too many checkouts were asked for, please try again in a moment",
	Busy:          "the checkout is busy, please try again in a moment",
	Throttled:     "the checkout is busy, please try again in a moment",
	Refused:       "the checkout cannot be opened at the moment",
	UntrustedLink: "the checkout cannot be opened at the moment",
	Unavailable:   "the checkout is not available at the moment, please try again soon",
	Timeout:       "the checkout took too long to answer, please try again",
	Left:          "the request was cancelled",
	Panicked:      "something went wrong on our side, please try again",
}

// Error is why there is no link. Its text is a constant per reason and may be shown to a shopper; Cause is for the log.
type Error struct {
	Reason     Reason
	RetryAfter time.Duration // zero when there is nothing to say
	Code       string        // Zotlo's errorCode, if any
	RequestID  string        // Zotlo's requestId, if any
	Status     int           // HTTP status of the API, if any
	cause      error
	result     string // the label of the API call that failed; empty when none was made
}

// Error is the public text.
func (e *Error) Error() string {
	if text, ok := publicTexts[e.Reason]; ok {
		return text
	}
	return publicTexts[Panicked]
}

// Cause is the private cause: for the log, never for the shopper. It holds no link, no secret and no personal data.
func (e *Error) Cause() error { return e.cause }

// Unwrap lets errors.Is find the cause, for example context.Canceled in an error whose reason is Left.
func (e *Error) Unwrap() error { return e.cause }

func failed(r Reason, format string, args ...any) *Error {
	return &Error{Reason: r, cause: fmt.Errorf(format, args...)}
}

// gone is the error of a caller who did not wait for the answer.
func gone(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return failed(Timeout, "waiting for the link: %w", ctx.Err())
	}
	return failed(Left, "waiting for the link: %w", ctx.Err())
}

// safeCause says what kind of network error err is in words of our own. The texts of net/http quote bytes that the other
// side sent, and those must not reach a log.
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
