package rediscache

import (
	"context"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	breakerFailures = 5           // in a row open the breaker
	breakerPause    = time.Second // until one operation is let through
)

// newBreaker makes a breaker that opens when Redis is slow or gone, and not when it says no
// quickly: a full or read-only server still answers reads, and its refusals cost nothing.
func newBreaker() *gobreaker.CircuitBreaker[struct{}] {
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:      breakerPause,
		ReadyToTrip:  func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= breakerFailures },
		IsSuccessful: func(err error) bool { return !outage(kindOf(err)) },
		IsExcluded:   func(err error) bool { return kindOf(err) == kindCanceled },
	})
}

// do runs one operation within the time budget, unless the breaker is open.
func (c *Cache) do(ctx context.Context, op string, f func(context.Context) error) error {
	_, err := c.breaker.Execute(func() (struct{}, error) {
		return struct{}{}, c.try(ctx, op, f)
	})
	return wrap(op, err)
}

// try runs one operation within the time budget, whatever the breaker says.
func (c *Cache) try(ctx context.Context, op string, f func(context.Context) error) (err error) {
	if c.closed.Load() {
		return wrap(op, errClosed)
	}
	// The budget is ours; the caller's own deadline may be earlier.
	inner, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// A panic in go-redis costs one operation, not the server.
	defer func() {
		if v := recover(); v != nil {
			err = wrap(op, fmt.Errorf("%w: %v", errPanic, v))
		}
	}()
	err = f(inner)
	if err != nil && ctx.Err() != nil {
		return &Error{Op: op, Kind: kindCanceled, cause: ctx.Err()} // not Redis's fault
	}
	return wrap(op, err)
}
