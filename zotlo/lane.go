package zotlo

import (
	"cmp"
	"errors"
	"strconv"
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

// lane is what calls share that succeed and fail together: a circuit breaker, a reserve of retries
// and pauses. Shoppers' calls and reads have one each: an export that fails five times in a row says
// nothing about the endpoint that makes links, and must not use up its retries.
type lane struct {
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	retryAt atomic.Int64 // when an open breaker lets a call try, Unix nanoseconds
	budget  budget
	pause   pause
}

// errNeutral is neither a success nor a failure of the other side.
var errNeutral = errors.New("neither success nor failure")

// newLane makes a lane with a closed breaker and a full reserve. It tells turned, under the
// breaker's lock, when the breaker opens and closes.
func newLane(turned func(open bool)) *lane {
	l := &lane{budget: budget{tokens: retryReserve}}
	l.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:  1,
		Interval:     tripWindow,
		BucketPeriod: tripWindow / 10,
		Timeout:      openFor,
		ReadyToTrip:  readyToTrip,
		IsExcluded:   func(err error) bool { return errors.Is(err, errNeutral) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateHalfOpen {
				return // still open for anyone who looks on
			}
			if to == gobreaker.StateOpen {
				l.retryAt.Store(time.Now().Add(openFor).UnixNano())
			}
			turned(to == gobreaker.StateOpen)
		},
	})
	return l
}

// readyToTrip decides after each failure whether the breaker opens. A run of failures is a plain
// outage; a share of many calls finds an API that fails now and then.
func readyToTrip(c gobreaker.Counts) bool {
	return c.ConsecutiveFailures >= tripAfter || c.Requests >= tripSample && 2*c.TotalFailures >= c.Requests
}

// open reports whether the breaker lets no calls through, or only one to look.
func (l *lane) open() bool { return l.breaker.State() != gobreaker.StateClosed }

// refusal tells that the breaker lets no call through now, without making use of a probe.
func (l *lane) refusal(now time.Time) *Error {
	if l.breaker.State() == gobreaker.StateOpen {
		return l.openError(now)
	}
	return nil
}

// allow asks the breaker for a call. It returns what must be told how the call ended, or why there
// must be none.
func (l *lane) allow() (settle func(error), _ *Error) {
	settle, err := l.breaker.Allow()
	if err != nil {
		return nil, l.openError(time.Now())
	}
	return settle, nil
}

// openError says that the breaker is open, and when it will let a call try. The wait is at least a
// second, since that moment may have passed while nobody called.
func (l *lane) openError(now time.Time) *Error {
	e := failed(ResultOpen, "the circuit breaker is open")
	e.RetryAfter = max(time.Unix(0, l.retryAt.Load()).Sub(now), time.Second)
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

// learn updates budget and pauses from how a call ended, and names the pause that began with it.
func (l *lane) learn(e *Error) (began string, pause time.Duration) {
	now := time.Now()
	switch {
	case e != nil && e.outage():
	case e != nil && e.Result == ResultThrottled:
		if l.pause.throttle(now, e.RetryAfter) {
			return "429", e.RetryAfter
		}
	case e != nil && e.Result == ResultCredentials:
		if l.pause.block(now, e) {
			return cmp.Or(e.Code, strconv.Itoa(e.Status)), probeEvery
		}
	default:
		l.pause.unblock()
		l.budget.earn()
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
