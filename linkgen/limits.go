package linkgen

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is a number of events per duration: a token bucket of Events at once, then one each Per/Events. The zero Rate
// means no limit or, where there is one, the default; negative Events mean no limit.
type Rate struct {
	Events int
	Per    time.Duration
}

func (r Rate) limited() bool     { return r.Events > 0 }
func (r Rate) every() rate.Limit { return rate.Limit(float64(r.Events) / r.Per.Seconds()) }

// Limits protect the API and the shopper's patience. Zero fields mean the defaults of DefaultLimits.
//
// Cached links and those who wait for somebody else's call pass no limit. PerSubscriber and PerIP count the calls that
// are about to be made: not those that a pause, an open breaker or a remembered refusal stops before, but those whose
// place in the line then never comes.
type Limits struct {
	Timeout       time.Duration // a whole API call with its one retry; default 4 s
	MaxInFlight   int           // API calls at once, over all projects; default 64
	Wait          time.Duration // how long a shopper waits in line for one; default 5 s
	Rate          Rate          // calls per project; default none
	PerSubscriber Rate          // links made for one subscriber; default 10 per minute
	PerIP         Rate          // guest links for one address, IPv6 by /64; default 10 per minute
}

// DefaultLimits are the limits of a Config that says nothing.
func DefaultLimits() Limits {
	return Limits{
		Timeout:       4 * time.Second,
		MaxInFlight:   64,
		Wait:          5 * time.Second,
		PerSubscriber: Rate{Events: 10, Per: time.Minute},
		PerIP:         Rate{Events: 10, Per: time.Minute},
	}
}

func (l Limits) withDefaults() (Limits, error) {
	d := DefaultLimits()
	if l.Timeout == 0 {
		l.Timeout = d.Timeout
	}
	if l.MaxInFlight == 0 {
		l.MaxInFlight = d.MaxInFlight
	}
	if l.Wait == 0 {
		l.Wait = d.Wait
	}
	if l.PerSubscriber == (Rate{}) {
		l.PerSubscriber = d.PerSubscriber
	}
	if l.PerIP == (Rate{}) {
		l.PerIP = d.PerIP
	}
	if l.Timeout < 0 || l.MaxInFlight < 0 || l.Wait < 0 {
		return l, errors.New("limits: timeout, wait and max_in_flight must not be negative; leave one out for its default")
	}
	for name, r := range map[string]Rate{"rate": l.Rate, "per_subscriber": l.PerSubscriber, "per_ip": l.PerIP} {
		if r.Events > 0 && r.Per <= 0 {
			return l, fmt.Errorf("%s: %d events need a duration; write for example 10/1m", name, r.Events)
		}
	}
	return l, nil
}

// buckets are rate limiters by key, the most recently used ones.
type buckets[K comparable] struct{ *lru[K, *rate.Limiter] }

func newBuckets[K comparable](size int) buckets[K] {
	return buckets[K]{newLRU[K, *rate.Limiter](size)}
}

// take takes one event of k, or tells how long there will be none.
func (b buckets[K]) take(k K, r Rate, now time.Time) (wait time.Duration) {
	if !r.limited() {
		return 0
	}
	return takeWithin(b.limiter(k, r, now), now, 0)
}

// limiter is k's limiter by the rate r. What is used up stays used up when the rate changes with a reload.
func (b buckets[K]) limiter(k K, r Rate, now time.Time) *rate.Limiter {
	l := b.getOrMake(k, func() *rate.Limiter { return rate.NewLimiter(r.every(), r.Events) })
	if l.Burst() != r.Events || l.Limit() != r.every() {
		l.SetLimitAt(now, r.every())
		l.SetBurstAt(now, r.Events)
	}
	return l
}

// takeWithin takes one event that comes at most patience later, and tells when; or takes none.
func takeWithin(l *rate.Limiter, now time.Time, patience time.Duration) (wait time.Duration) {
	turn := l.ReserveN(now, 1)
	if wait = turn.DelayFrom(now); wait > patience {
		turn.CancelAt(now)
	}
	return wait
}

// maxLine bounds the shoppers who wait. Each costs a goroutine.
const maxLine = 100_000

var errLine = errors.New("no free call in time")

// line is a first-come-first-served line for a number of places that may change.
type line struct {
	mu      sync.Mutex
	max     int
	busy    int
	waiting list.List // of chan struct{}: closed when the place is theirs
}

// open reports whether the line has places at all.
func (l *line) open() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.max > 0
}

func (l *line) resize(max int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.max = max
	l.admitLocked()
}

// enter waits for a place, at most until ctx ends. Whoever got one must leave.
func (l *line) enter(ctx context.Context) error {
	l.mu.Lock()
	if l.busy < l.max && l.waiting.Len() == 0 {
		l.busy++
		l.mu.Unlock()
		return nil
	}
	if l.waiting.Len() >= maxLine {
		l.mu.Unlock()
		return errLine
	}
	turn := make(chan struct{})
	place := l.waiting.PushBack(turn)
	l.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-turn: // the place came in the same moment
		return nil
	default:
		l.waiting.Remove(place)
		return errLine
	}
}

func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.admitLocked()
}

func (l *line) admitLocked() {
	for l.busy < l.max && l.waiting.Len() > 0 {
		l.busy++
		close(l.waiting.Remove(l.waiting.Front()).(chan struct{}))
	}
}

// count counts a link that is about to be made for a subscriber or, for guests, an address.
func (g *Generator) count(o *Order, k Key) *Error {
	var wait time.Duration
	if o.guest() {
		wait = g.state.addresses.take(bucketName(o), g.limits.PerIP, time.Now())
	} else {
		wait = g.state.subscribers.take(k.Subscriber, g.limits.PerSubscriber, time.Now())
	}
	if wait == 0 {
		return nil
	}
	e := failed(Limited, "too many links were made for this subscriber or address")
	e.RetryAfter = wait
	return e
}

// bucketName is the address by network; the first byte tells IPv4, IPv6 and no address apart.
func bucketName(o *Order) (name [17]byte) {
	if ip := network(o.IP); ip.IsValid() {
		name[0] = byte(ip.BitLen())
		a := ip.As16()
		copy(name[1:], a[:])
	}
	return name
}

// busyAgain is when a shopper may try again who stood in line in vain.
const busyAgain = 2 * time.Second

// enter waits in line for a call: for the project's rate, then for a place.
func (g *Generator) enter(ctx context.Context, p *project) (leave func(), _ *Error) {
	ctx, cancel := context.WithTimeout(ctx, g.limits.Wait)
	defer cancel()
	if e := p.awaitRate(ctx, g.limits.Rate); e != nil {
		return nil, e
	}
	if err := g.state.line.enter(ctx); err != nil {
		e := failed(Busy, "waiting for one of %d calls: %w", g.limits.MaxInFlight, err)
		e.RetryAfter = busyAgain
		return nil, e
	}
	g.hooks.inFlight(1)
	return func() {
		g.hooks.inFlight(-1)
		g.state.line.leave()
	}, nil
}

// awaitRate waits for the project's turn, or says at once that it will not come in time.
func (p *project) awaitRate(ctx context.Context, r Rate) *Error {
	if !r.limited() {
		return nil
	}
	now := time.Now()
	deadline, _ := ctx.Deadline()
	patience := deadline.Sub(now)
	wait := takeWithin(p.up.rate.limiter(struct{}{}, r, now), now, patience)
	if wait > patience {
		e := failed(Busy, "the project's rate allows the next call only in %s", wait)
		e.RetryAfter = wait
		return e
	}
	time.Sleep(wait) // within ctx's deadline, and nothing else ends it
	return nil
}
