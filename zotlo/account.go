package zotlo

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Retry and circuit breaker are bought: cenkalti/backoff and sony/gobreaker. Against failsafe-go,
// which has both:
//   - gobreaker counts a result only in the generation in which its call was let in. A call that
//     hung through an outage and fails late does not reopen a breaker whose probe has just
//     succeeded; in failsafe-go it does.
//   - gobreaker has a third verdict beside success and failure, which is what a 429 or a bug of
//     ours is.
//   - failsafe-go's retry budget bounds the retries in flight at one moment. Ours bounds their
//     number over time, so it is built here, and an exhausted one answers with the failure itself,
//     not with an error about the budget.

const (
	// openFor is how long an open breaker waits before it lets one call try. With the default
	// timeout a probe that hangs and the wait after it stay within 10 s.
	openFor = 5 * time.Second
	// The breaker opens after tripAfter failures in a row, or when half of at least tripSample
	// calls in tripWindow failed.
	tripAfter  = 5
	tripSample = 20
	// The window must be longer than any call, or the failures of slow ones would not count.
	tripWindow = time.Minute
)

// account is what is known about one set of keys at one API address. It outlives Clients.
type account struct {
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	retryAt atomic.Int64 // when an open breaker lets a call try, Unix nanoseconds
	budget  budget
	pause   pause
	rate    Bucket
	okAt    atomic.Int64 // when a call succeeded last, Unix nanoseconds
	watch   atomic.Pointer[watch]
}

// watch is who is to be told: the projects of the Clients that were activated last, as far as they
// use the account.
type watch struct {
	hooks Hooks
	names []string
}

// errNeutral is neither a success nor a failure of the other side.
var errNeutral = errors.New("neither success nor failure")

// newAccount makes an account of which nothing is known: a closed breaker, no pause and a full
// reserve of retries.
func newAccount() *account {
	a := &account{budget: budget{tokens: retryReserve}}
	a.watch.Store(new(watch))
	a.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Interval:      tripWindow,
		BucketPeriod:  tripWindow / 10,
		Timeout:       openFor,
		ReadyToTrip:   readyToTrip,
		IsExcluded:    func(err error) bool { return errors.Is(err, errNeutral) },
		OnStateChange: a.turned,
	})
	return a
}

// readyToTrip decides after each failure whether the breaker opens. A run of failures is a plain
// outage; a share of many calls finds an API that fails now and then.
func readyToTrip(c gobreaker.Counts) bool {
	return c.ConsecutiveFailures >= tripAfter || c.Requests >= tripSample && 2*c.TotalFailures >= c.Requests
}

// turned is called by the breaker under its lock.
func (a *account) turned(_ string, _, to gobreaker.State) {
	if to == gobreaker.StateHalfOpen {
		return // still open for anyone who looks on
	}
	if to == gobreaker.StateOpen {
		a.retryAt.Store(time.Now().Add(openFor).UnixNano())
	}
	// The watch is read here and not kept: a reload may have replaced it since the call began.
	w := a.watch.Load()
	for _, name := range w.names {
		w.hooks.breaker(name, to == gobreaker.StateOpen)
	}
}

// blocked tells why no call may be made now, without making use of a probe.
func (a *account) blocked(now time.Time) *Error {
	if e := a.pause.check(now, false); e != nil {
		return e
	}
	if a.breaker.State() == gobreaker.StateOpen {
		return a.openError(now)
	}
	return nil
}

// open reports whether the breaker lets no calls through, or only one to look.
func (a *account) open() bool { return a.breaker.State() != gobreaker.StateClosed }

// openError says that the breaker is open, and when it will let a call try. The wait is at least a
// second, since that moment may have passed while nobody called.
func (a *account) openError(now time.Time) *Error {
	e := failed(ResultOpen, "the circuit breaker is open")
	e.RetryAfter = max(time.Unix(0, a.retryAt.Load()).Sub(now), time.Second)
	return e
}

// verdict is what the breaker is told: an answer that refuses one request is an answer.
func verdict(e *Error) error {
	switch {
	case e == nil:
		return nil
	case e.outage():
		return e
	case e.Result == ResultThrottled:
		return errNeutral
	}
	return nil
}

// provenFor is how long a success proves that keys and address are right.
const provenFor = time.Minute

// blame says whom a bare 401 or 404 is about: the keys or the address, unless the same ones had a
// success a moment ago. Then it is the request's own fault, and stops nobody else.
func (a *account) blame(e *Error) {
	bare := e.Result == ResultCredentials && e.Code == ""
	if bare && time.Since(time.Unix(0, a.okAt.Load())) < provenFor {
		e.Result = ResultRefused
		e.cause = errors.New("the API answered one request as if keys or address were wrong")
	}
}

// learn updates budget and pauses from an answer, and names the pause that began with it. A failure
// of the other side as a whole changes neither: only an answer tells anything about rate or keys.
func (a *account) learn(e *Error) (began string, pause time.Duration) {
	now := time.Now()
	switch {
	case e != nil && e.outage():
	case e != nil && e.Result == ResultThrottled:
		if a.pause.throttle(now, e.RetryAfter) {
			return "429", e.RetryAfter
		}
	case e != nil && e.Result == ResultCredentials:
		if a.pause.block(now, e) {
			return e.Code, probeEvery
		}
	default:
		if e == nil {
			a.okAt.Store(now.UnixNano())
		}
		a.pause.unblock()
		a.budget.earn()
	}
	return "", 0
}

const (
	// A retry costs one token of a small reserve, which is filled again by a tenth per call that
	// was answered. In an outage nothing is answered, so no retry follows once the reserve is used
	// up.
	retryReserve = 5
	retryEarned  = 0.1
)

// budget bounds retries over time.
type budget struct {
	mu     sync.Mutex
	tokens float64
}

// earn puts a tenth of a token back, up to the full reserve.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+retryEarned, retryReserve)
}

// spend takes one token, or reports that there is no whole one.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
