package zotlo

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A call is made twice at most: the shopper waits, and a third try seldom helps.
const (
	maxTries = 2
	// retryDelay and as much again at random pass before a retry.
	retryDelay = 50 * time.Millisecond
	// leastTry is the time that must be left for a retry to be worth it.
	leastTry = 100 * time.Millisecond
)

// retryPlan is the decision whether and when to try again. It lives for one call of the Client, in
// one goroutine.
type retryPlan struct {
	ctx  context.Context
	lane *lane
	// take takes a turn by the project's rate. Nil when the caller takes the turns of retries.
	take  func(ctx context.Context, patience time.Duration) (wait time.Duration, ok bool)
	turns int  // of which no call has come yet
	once  bool // there is no retry
	last  *Error
}

// run calls try until it succeeds, twice at most, and returns its last error.
func (r *retryPlan) run(try func() *Error) *Error {
	_, err := backoff.Retry(r.ctx, func() (struct{}, error) {
		if e := try(); e != nil {
			r.last = e
			return struct{}{}, e
		}
		return struct{}{}, nil
	}, backoff.WithBackOff(r), backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return r.last // err may be the context's, which says less
	}
	return nil
}

// Reset implements backoff.BackOff.
func (r *retryPlan) Reset() {}

// NextBackOff implements backoff.BackOff. A retry is a call as any other by the project's rate;
// where that has none in time, there is no retry. The delay has a random part, so that calls that
// failed together do not come back together.
func (r *retryPlan) NextBackOff() time.Duration {
	delay := retryDelay
	switch {
	case r.once:
		return backoff.Stop
	case r.last.Result == ResultThrottled:
		delay = r.last.RetryAfter
	case !r.last.outage():
		return backoff.Stop
	}
	delay += rand.N(retryDelay)
	patience := delay
	if deadline, ok := r.ctx.Deadline(); ok {
		if patience = time.Until(deadline) - leastTry; patience < delay {
			return backoff.Stop
		}
	}
	// The reserve is asked after the deadline: a retry that has no time left must not cost a token.
	// A breaker that opened meanwhile would refuse the retry.
	if r.lane.open() || !r.lane.budget.spend() {
		return backoff.Stop
	}
	if r.take == nil {
		return delay
	}
	wait, ok := r.take(r.ctx, patience)
	if !ok {
		return backoff.Stop
	}
	r.turns++
	return max(delay, wait)
}
