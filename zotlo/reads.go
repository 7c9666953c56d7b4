package zotlo

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// This file holds what the endpoints that look something up have in common. Nobody's checkout waits
// for them, so they go after the calls that make links:
//
//   - Eight of them may be under way per account (readPlaces), beside the shoppers' calls.
//   - By the project's rate they take a turn only when one is there, and leave another for the
//     next shopper where the rate allows several at once. Shoppers take turns ahead of time and wait
//     for them; a read cannot come before one of these.
//   - They have a circuit breaker, pauses and a reserve of retries of their own, and stop as well
//     where shoppers' calls are stopped. What a read is told stops reads alone.
//
// The reference is https://docs.zotlo.com/integrating-zotlo/api-reference.

// lookUp makes one read. It waits for a place and a turn for as long as ctx allows, and only then
// does its own timeout begin.
func (c *Client) lookUp(ctx context.Context, r request) *Error {
	r.method, r.reads, r.judge = http.MethodGet, true, answer.judgeRead
	if err := ctx.Err(); err != nil {
		return connectionError(ctx, err)
	}
	select {
	case c.account.places <- struct{}{}:
	case <-ctx.Done():
		return failed(ResultBusy, "all places for reads are taken: %w", ctx.Err())
	}
	defer func() { <-c.account.places }()
	if e := c.spareTurn(ctx); e != nil {
		return e
	}
	_, e := c.do(ctx, r)
	return e
}

// spareTurn waits until the project's rate has a turn that no shopper waits for. It reserves none,
// so it may wait for as long as shoppers take all of them, until ctx ends; if the next one may be
// there only after ctx's deadline, it says so at once.
func (c *Client) spareTurn(ctx context.Context) *Error {
	for {
		wait, ok := c.fleet.takeSpare(ctx)
		if ok {
			return nil
		}
		if err := sleep(ctx, wait); err != nil {
			e := failed(ResultBusy, "the project's rate has no turn to spare: %w", err)
			e.RetryAfter = wait
			return e
		}
	}
}

// sleep waits for d, or returns ctx's error: when ctx ends, and at once if its deadline comes before
// d is over.
func sleep(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// withQuery is a path with parameters, encoded: an id may hold anything.
func withQuery(path string, query url.Values) string { return path + "?" + query.Encode() }
