package ledger

import (
	"context"
	"sync"
	"time"
)

// This file writes down who was shown which variant. A click does not wait for it: exposures are
// collected and written together, within a second.

const (
	// exposureDelay is how long an exposure may wait for company.
	exposureDelay = 500 * time.Millisecond
	// maxExposures bounds those that wait, and exposureBatch those that are written at once.
	maxExposures  = 100_000
	exposureBatch = 1000
	// exposureTimeout is for one batch.
	exposureTimeout = 10 * time.Second
)

// Exposure is a subscriber who was shown a variant.
type Exposure struct {
	Experiment string
	Run        string // names the experiment's settings: another run counts a person anew
	Variant    string
	At         string // where: offer or link
	Subscriber string // a keyed hash
	Time       time.Time
}

// exposures are those that wait to be written.
type exposures struct {
	mu      sync.Mutex
	waiting []Exposure
	wake    chan struct{}
}

// Expose notes that a subscriber was shown a variant. It does not wait. What cannot be kept, since
// too many wait or the store fails, is lost and told to Config.Failed.
func (l *Ledger) Expose(e Exposure) {
	q := &l.exposures
	q.mu.Lock()
	full := len(q.waiting) >= maxExposures
	if !full {
		q.waiting = append(q.waiting, e)
	}
	q.mu.Unlock()
	if full {
		l.failed("expose", errTooManyExposures)
		return
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// writeExposures runs until ctx ends, and then writes what waits.
func (l *Ledger) writeExposures(ctx context.Context) {
	defer l.flushExposures()
	for {
		select {
		case <-l.exposures.wake:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(exposureDelay):
		case <-ctx.Done():
			return
		}
		l.flushExposures()
	}
}

// flushExposures writes all that wait.
func (l *Ledger) flushExposures() {
	q := &l.exposures
	q.mu.Lock()
	batch := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	for len(batch) > 0 {
		n := min(len(batch), exposureBatch)
		if err := l.writeBatch(batch[:n]); err != nil {
			l.failed("expose", err)
		}
		batch = batch[n:]
	}
}

// writeBatch writes exposures down, and tells which of them were a person's first.
func (l *Ledger) writeBatch(batch []Exposure) error {
	if store, bounded := l.store.(interface{ Full() bool }); bounded && store.Full() {
		return errFull
	}
	ctx, cancel := context.WithTimeout(context.Background(), exposureTimeout)
	defer cancel()
	var first []Exposure
	err := l.store.Do(ctx, func(s Steps) error {
		first = first[:0]
		for _, e := range batch {
			is, err := l.expose(s, e)
			if err != nil {
				return err
			}
			if is {
				first = append(first, e)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range first {
		l.exposed(e)
	}
	return nil
}

// expose writes one exposure down, and reports whether it is the person's first in the run.
func (l *Ledger) expose(s Steps, e Exposure) (first bool, err error) {
	run := l.codec.hash("run", e.Experiment, e.Run)[:8]
	key := Key{kindSeen, run + l.codec.personKey(e.Subscriber).ID}
	err = s.Change(key, func(old Doc) (Doc, error) {
		if first = old.Value == nil; !first {
			return Doc{}, errUnchanged
		}
		value, err := cborMode.Marshal(seen{Variant: e.Variant, At: e.Time.Unix()})
		return Doc{Value: value, Until: e.Time.Add(l.keep)}, err
	})
	if err == errUnchanged {
		err = nil
	}
	return first, err
}

// seen is a person in a run: hashes and numbers, which need no seal.
type seen struct {
	Variant string `cbor:"1,keyasint,omitempty" json:"variant,omitempty"`
	At      int64  `cbor:"2,keyasint,omitempty" json:"at,omitempty"` // Unix seconds
}
