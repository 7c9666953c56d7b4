package filestore

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger"
)

// sweepPause is the rest between two pieces of a sweep, so that a sweep of millions of documents is
// work of minutes that nobody notices.
const sweepPause = 5 * time.Millisecond

// Sweep drops the documents whose time is over, and says how many. It reads a piece at a time and
// drops it in a commit that it shares with others, with rests between; so neither readers nor
// writers wait for it, and the pages are used again. There is no index of ends: it would cost each
// document half as much as it needs now.
func (s *Store) Sweep(ctx context.Context) (dropped int, err error) {
	kinds, err := s.kinds(ctx)
	if err != nil {
		return 0, err
	}
	for _, kind := range kinds {
		// As in a scan, the last key is all that is known from one piece to the next.
		var after []byte
		for more := true; more; {
			var over []ledger.Key
			now := s.cfg.Now()
			more, err = s.piece(ctx, docBucket(kind), &after, func(key, raw []byte) error {
				doc, err := decodeDoc(raw, now)
				if err == nil && doc.Value == nil {
					over = append(over, ledger.Key{Kind: kind, ID: docID(key)})
				}
				return err
			})
			if err != nil {
				return dropped, err
			}
			if err := s.drop(ctx, over); err != nil {
				return dropped, err
			}
			dropped += len(over)
			if err := rest(ctx, sweepPause); err != nil {
				return dropped, err
			}
		}
	}
	return dropped, nil
}

// kinds are the kinds of documents that the file has, by its buckets.
func (s *Store) kinds(ctx context.Context) (kinds []ledger.Kind, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			if len(name) == 2 && name[0] == 'd' {
				kinds = append(kinds, ledger.Kind(name[1]))
			}
			return nil
		})
	})
	return kinds, err
}

// drop deletes documents that are still over: a change sees none, returns none, and so deletes. One
// that was written anew meanwhile is returned as it is, and stays.
func (s *Store) drop(ctx context.Context, over []ledger.Key) error {
	if len(over) == 0 {
		return nil
	}
	return s.Do(ctx, func(steps ledger.Steps) error {
		for _, key := range over {
			err := steps.Change(key, func(old ledger.Doc) (ledger.Doc, error) { return old, nil })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// sweepOften sweeps until the store is closed. The first time is soon, for processes that never
// live long. What fails now is tried the next time; that it fails, the next Do says as well.
func (s *Store) sweepOften(ctx context.Context) {
	wait := min(s.cfg.SweepEvery, 10*time.Minute)
	for rest(ctx, wait) == nil {
		_, _ = s.Sweep(ctx)
		wait = s.cfg.SweepEvery
	}
}

// rest waits, unless ctx ends, whose error it then returns.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
