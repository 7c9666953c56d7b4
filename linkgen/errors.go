package linkgen

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// Reason is why there is no link.
type Reason string

// The reasons.
const (
	Limited       Reason = "limited"        // per_subscriber or per_ip reached
	Busy          Reason = "busy"           // no free call within Limits.Wait
	Throttled     Reason = "throttled"      // API 429, or a pause after one
	Refused       Reason = "refused"        // API 4xx, 200 without a link, remembered refusal, bad keys
	UntrustedLink Reason = "untrusted_link" // the link is not one we would send a shopper to
	Unavailable   Reason = "unavailable"    // 5xx, no connection, breaker open (then RetryAfter > 0)
	Timeout       Reason = "timeout"        // deadline
	Left          Reason = "left"           // the shopper's own context ended
	Panicked      Reason = "panic"          // a bug of ours
)

// publicTexts are what a shopper may read. They say nothing about the inside.
var publicTexts = map[Reason]string{
	Limited:       "too many checkouts were opened, please try again in a moment",
	Busy:          "the checkout is busy, please try again in a moment",
	Throttled:     "the checkout is busy, please try again in a moment",
	Refused:       "the checkout could not be opened",
	UntrustedLink: "the checkout could not be opened",
	Unavailable:   "the checkout is not available right now",
	Timeout:       "the checkout did not answer in time",
	Left:          "the request was cancelled",
	Panicked:      "something went wrong, please try again",
}

// reasons say what a result of the API means for a shopper.
var reasons = map[string]Reason{
	zotlo.ResultRefused:     Refused,
	zotlo.ResultCredentials: Refused,
	zotlo.ResultThrottled:   Throttled,
	zotlo.ResultServerError: Unavailable,
	zotlo.ResultConnection:  Unavailable,
	zotlo.ResultTimeout:     Timeout,
	zotlo.ResultBadAnswer:   Refused,
	zotlo.ResultUntrusted:   UntrustedLink,
	zotlo.ResultOpen:        Unavailable,
	zotlo.ResultBusy:        Busy,
}

// Error is why there is no link. Its text is a constant per reason and may be shown to a shopper;
// Cause is for the log.
type Error struct {
	Reason     Reason
	RetryAfter time.Duration // zero when there is nothing to say
	Code       string        // Zotlo's errorCode, if any
	RequestID  string        // Zotlo's requestId, if any
	Status     int           // HTTP status of the API, if any
	// cause is for the log.
	cause  error
	result string // of the API call that failed; empty when none did
}

// Error is the public text.
func (e *Error) Error() string {
	if text, ok := publicTexts[e.Reason]; ok {
		return text
	}
	return publicTexts[Panicked]
}

// Cause is the private cause: for the log, never for the shopper. It holds no link, no secret and
// no personal data.
func (e *Error) Cause() error { return e.cause }

// Unwrap lets errors.Is find the cause, for example context.Canceled in an error whose reason is
// Left.
func (e *Error) Unwrap() error { return e.cause }

// failed makes an Error that repeats nothing of Zotlo's: no code, no request id, no status. The
// format is that of fmt.Errorf, and its text is the private cause.
func failed(r Reason, format string, args ...any) *Error {
	return &Error{Reason: r, cause: fmt.Errorf(format, args...)}
}

// again is a remembered error: it says what the API said then, and that no call was made now.
func (e *Error) again(why string) *Error {
	return &Error{
		Reason: e.Reason, Code: e.Code, RequestID: e.RequestID, Status: e.Status,
		cause: errors.New(why),
	}
}

// asked is what an error of package zotlo means for a shopper.
func asked(err error) *Error {
	e, ok := errors.AsType[*zotlo.Error](err)
	if !ok {
		return failed(Panicked, "an error of another type: %w", err)
	}
	reason, ok := reasons[e.Result]
	if !ok {
		reason = Panicked
	}
	return &Error{
		Reason: reason, RetryAfter: e.RetryAfter, Code: e.Code, RequestID: e.RequestID,
		Status: e.Status, cause: e, result: e.Result,
	}
}

// gone is the error of a caller who did not wait for the answer.
func gone(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return failed(Timeout, "waiting for the link: %w", ctx.Err())
	}
	return failed(Left, "waiting for the link: %w", ctx.Err())
}
