package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// errFetching is why there are no keys before anybody knows better.
var errFetching = errors.New("the first fetch is not done yet")

// lastError is why there is no newer set, for the log.
func (k *RemoteKeys) lastError() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lastErr == nil {
		return errFetching
	}
	return k.lastErr
}

// start joins the fetch under way or begins one.
func (k *RemoteKeys) start(now time.Time) *flight {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.startLocked(now)
}

// startIfDue joins the fetch under way, or begins one unless we are pausing after a failure.
func (k *RemoteKeys) startIfDue(now time.Time) *flight {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.flight == nil && k.since(now) < k.due.Load() {
		return nil
	}
	return k.startLocked(now)
}

// startLocked is start for callers that hold mu. The fetch belongs to no request: the one that
// began it may leave, and others wait for it.
func (k *RemoteKeys) startLocked(now time.Time) *flight {
	if k.flight != nil {
		return k.flight
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	k.flight = &flight{cancel: cancel, done: make(chan struct{})}
	k.started = now
	k.due.Store(k.since(now.Add(refreshPause))) // until the fetch knows better
	go k.refresh(ctx, k.flight)
	return k.flight
}

// refresh is one fetch, from beginning to end: fetch, tell, and set the time of the next one. A
// fetch that was called off, by the end of the last Run, is no failure and is told to nobody.
func (k *RemoteKeys) refresh(ctx context.Context, f *flight) {
	// Those who wait are told last, when the set and the time of the next fetch are in place.
	defer close(f.done)
	defer f.cancel()
	err := k.fetchSet(ctx)
	cancelled := err != nil && errors.Is(ctx.Err(), context.Canceled)
	if k.cfg.OnRefresh != nil && !cancelled {
		k.cfg.OnRefresh(resultOf(err), err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight, k.lastErr = nil, err
	// A failure is tried again soon, and then ever later: a server that comes back is not stormed.
	pause := around(refreshEvery)
	switch {
	case cancelled:
		pause = 0
	case err != nil:
		pause = around(min(retryFirst<<min(k.failures, 10), retryMost))
		k.failures++
	default:
		k.failures = 0
	}
	k.due.Store(k.since(k.cfg.Now().Add(pause)))
}

// fetchSet fetches a set and activates it. A panic here would end the whole process, so it becomes
// an error. Its text may hold anything, and stays out of it.
func (k *RemoteKeys) fetchSet(ctx context.Context) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fetchFailed(resultPanic, fmt.Errorf("panic (%T)", fault))
		}
	}()
	body, err := k.load(ctx)
	if err != nil {
		return err
	}
	return k.accept(body, k.cfg.Now())
}

// load gets the text of the set: from a file, from its URL, or from where discovery says. Discovery
// is asked each time, because a provider may move its keys. Each of its errors wraps a *fetchError.
func (k *RemoteKeys) load(ctx context.Context) ([]byte, error) {
	if k.isFile() {
		body, err := readFile(k.cfg.URL)
		var failed *fetchError
		if err != nil && !errors.As(err, &failed) {
			return nil, fetchFailed(resultFile, err)
		}
		return body, err
	}
	address := k.cfg.URL
	if k.cfg.Issuer != "" {
		var err error
		if address, err = k.fetch.discover(ctx, k.cfg.Issuer); err != nil {
			return nil, err
		}
	}
	return k.fetch.get(ctx, address)
}

// readNow activates the file of the set, or says what is wrong with it.
func (k *RemoteKeys) readNow() error {
	body, err := k.load(context.Background())
	if err == nil {
		err = k.accept(body, k.cfg.Now())
	}
	if err != nil {
		return fmt.Errorf("jwks %s: %w", k.cfg.URL, err)
	}
	return nil
}

// accept activates a set. One that has not changed keeps its address, and with it the cache of
// verified tokens.
func (k *RemoteKeys) accept(body []byte, now time.Time) error {
	// To compare bytes is cheaper than to parse, and keeps what was verified by these keys.
	if old := k.good.Load(); old != nil && bytes.Equal(old.body, body) {
		k.good.Store(&goodSet{old.keys, body, now})
		return nil
	}
	keys, err := parseKeySet(body)
	if err != nil {
		return err
	}
	k.good.Store(&goodSet{keys, body, now})
	return nil
}

// around spreads d by a tenth to either side, so that a fleet does not ask all at once.
func around(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5)
}
