package linkgen

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sony/gobreaker/v2"
)

// Retry and circuit breaker are bought: cenkalti/backoff and sony/gobreaker. Against failsafe-go, which has both:
//   - gobreaker counts a result only in the epoch in which its call was let in. A call that hung through an outage
//     and fails late does not reopen a breaker whose probe has just succeeded; in failsafe-go it does.
//   - gobreaker has a third verdict beside success and failure, which is what a 429 or a bug of ours is.
//   - failsafe-go's retry budget bounds the retries in flight at one moment. Ours bounds their number over time, so it
//     is built here, and an exhausted one answers with the failure itself, not with an error about the budget.

const (
	maxTries = 2

	// openFor is how long an open breaker waits before it lets one call try. With the default timeout a probe that
	// hangs and the wait after it stay within 10 s.
	openFor = 5 * time.Second
	// The breaker opens after tripAfter failures in a row, or when half of at least tripSample calls in tripWindow failed.
	tripAfter  = 5
	tripSample = 20
	// The window must be longer than any call, or the failures of slow ones would not count.
	tripWindow = time.Minute

	// A retry costs one token of a small reserve, which is filled again by a tenth per call that was answered. In an
	// outage nothing is answered, so no retry follows once the reserve is used up.
	retryReserve = 5
	retryEarned  = 0.1

	// retryDelay and as much again at random pass before a retry.
	retryDelay = 50 * time.Millisecond
	// leastTry is the time that must be left for a retry to be worth it.
	leastTry = 100 * time.Millisecond

	minPause = time.Second
	maxPause = time.Minute
	// probeEvery is how often a project with wrong keys or a wrong address is tried.
	probeEvery = 30 * time.Second
	// refusalLife is how long a refusal is remembered.
	refusalLife = time.Minute
)

// upstream is what is known about one set of keys at one API address. It outlives Generators.
type upstream struct {
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	retryAt atomic.Int64 // when an open breaker lets a call try, Unix nanoseconds
	budget  budget
	pause   pause
	rate    buckets[struct{}] // of one, made when a rate is first asked for
	watch   atomic.Pointer[watch]
}

// watch is who is to be told: the projects of the Generator that took over last, as far as they use the upstream.
type watch struct {
	hooks Hooks
	names []string
}

// errNeutral is neither a success nor a failure of the other side.
var errNeutral = errors.New("neither success nor failure")

func newUpstream() *upstream {
	u := &upstream{rate: newBuckets[struct{}](1), budget: budget{tokens: retryReserve}}
	u.watch.Store(new(watch))
	u.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Interval:      tripWindow,
		BucketPeriod:  tripWindow / 10,
		Timeout:       openFor,
		ReadyToTrip:   readyToTrip,
		IsExcluded:    func(err error) bool { return errors.Is(err, errNeutral) },
		OnStateChange: u.turned,
	})
	return u
}

func readyToTrip(c gobreaker.Counts) bool {
	return c.ConsecutiveFailures >= tripAfter || c.Requests >= tripSample && 2*c.TotalFailures >= c.Requests
}

// turned is called by the breaker under its lock.
func (u *upstream) turned(_ string, _, to gobreaker.State) {
	if to == gobreaker.StateHalfOpen {
		return // still open for whoever looks on
	}
	if to == gobreaker.StateOpen {
		u.retryAt.Store(time.Now().Add(openFor).UnixNano())
	}
	w := u.watch.Load()
	if w.hooks.Breaker == nil {
		return
	}
	for _, name := range w.names {
		w.hooks.Breaker(name, to == gobreaker.StateOpen)
	}
}

// blocked tells why no call may be made now, without making use of a probe.
func (u *upstream) blocked(now time.Time) *Error {
	if e := u.pause.check(now, false); e != nil {
		return e
	}
	if u.breaker.State() == gobreaker.StateOpen {
		return u.openError(now)
	}
	return nil
}

func (u *upstream) openError(now time.Time) *Error {
	e := failed(Unavailable, "the circuit breaker is open")
	e.RetryAfter = max(time.Unix(0, u.retryAt.Load()).Sub(now), time.Second)
	return e
}

// call asks for a link, twice at most, and returns it with the start of the try that made it.
func (g *Generator) call(ctx context.Context, p *project, body []byte) (link string, made time.Time, _ *Error) {
	plan := &retryPlan{ctx: ctx, up: p.up}
	link, err := backoff.Retry(ctx, func() (string, error) {
		made = g.now()
		link, e := g.try(ctx, p, body)
		if e != nil {
			plan.last = e
			return "", e
		}
		return link, nil
	}, backoff.WithBackOff(plan), backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return "", time.Time{}, plan.last // err may be the context's, which says less
	}
	return link, made, nil
}

// try makes one call if pauses and breaker allow it, and tells them how it ended.
func (g *Generator) try(ctx context.Context, p *project, body []byte) (string, *Error) {
	if e := p.up.pause.check(time.Now(), true); e != nil {
		return "", e
	}
	settle, err := p.up.breaker.Allow()
	if err != nil {
		return "", p.up.openError(time.Now())
	}
	verdict, result := errNeutral, resultPanic // unless we get to know better
	start := time.Now()
	defer func() {
		settle(verdict)
		g.hooks.apiCall(p.Name, result, time.Since(start))
	}()
	link, wait, e := g.ask(ctx, p, body)
	if g.closed.Load() {
		g.closeIdle()
	}
	if e == nil {
		verdict, result = nil, resultOK
	} else {
		result = e.result
		verdict = e.verdict()
	}
	g.learn(p, wait, e)
	return link, e
}

// verdict is what the breaker is told: an answer that refuses one request is an answer.
func (e *Error) verdict() error {
	switch {
	case e.outage():
		return e
	case e.result == resultThrottled:
		return errNeutral
	}
	return nil
}

// learn updates budget and pauses from an answer.
func (g *Generator) learn(p *project, wait time.Duration, e *Error) {
	now := time.Now()
	switch {
	case e != nil && e.outage():
	case e != nil && e.result == resultThrottled:
		e.RetryAfter = wait
		if p.up.pause.throttle(now, wait) {
			g.hooks.paused(p.Name, "429", wait)
		}
	case e != nil && e.result == resultCredentials:
		if p.up.pause.block(now, e) {
			g.hooks.paused(p.Name, e.Code, probeEvery)
		}
	default:
		p.up.pause.unblock()
		p.up.budget.earn()
	}
}

// retryPlan is the decision whether and when to try again.
type retryPlan struct {
	ctx  context.Context
	up   *upstream
	last *Error
}

func (r *retryPlan) Reset() {}

// NextBackOff implements backoff.BackOff.
func (r *retryPlan) NextBackOff() time.Duration {
	delay := retryDelay
	switch {
	case r.last.result == resultThrottled:
		delay = r.last.RetryAfter
	case !r.last.outage():
		return backoff.Stop
	}
	delay += rand.N(retryDelay)
	if deadline, ok := r.ctx.Deadline(); ok && time.Until(deadline) < delay+leastTry {
		return backoff.Stop
	}
	if r.up.breaker.State() != gobreaker.StateClosed || !r.up.budget.spend() {
		return backoff.Stop
	}
	return delay
}

// budget bounds retries over time.
type budget struct {
	mu     sync.Mutex
	tokens float64
}

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+retryEarned, retryReserve)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
