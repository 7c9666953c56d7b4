package zotlo

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	maxTries = 2
	// retryDelay and as much again at random pass before a retry.
	retryDelay = 50 * time.Millisecond
	// leastTry is the time that must be left for a retry to be worth it.
	leastTry = 100 * time.Millisecond
)

// retry calls try until it succeeds, twice at most, and returns its last error.
func (a *account) retry(ctx context.Context, try func() *Error) *Error {
	plan := &retryPlan{ctx: ctx, account: a}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		if e := try(); e != nil {
			plan.last = e
			return struct{}{}, e
		}
		return struct{}{}, nil
	}, backoff.WithBackOff(plan), backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return plan.last // err may be the context's, which says less
	}
	return nil
}

// retryPlan is the decision whether and when to try again.
type retryPlan struct {
	ctx     context.Context
	account *account
	last    *Error
}

// Reset implements backoff.BackOff.
func (r *retryPlan) Reset() {}

// NextBackOff implements backoff.BackOff.
func (r *retryPlan) NextBackOff() time.Duration {
	delay := retryDelay
	switch {
	case r.last.Result == ResultThrottled:
		delay = r.last.RetryAfter
	case !r.last.outage():
		return backoff.Stop
	}
	delay += rand.N(retryDelay)
	if deadline, ok := r.ctx.Deadline(); ok && time.Until(deadline) < delay+leastTry {
		return backoff.Stop
	}
	if r.account.open() || !r.account.budget.spend() {
		return backoff.Stop
	}
	return delay
}
