package filestore

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger"
)

// This file is how calls share a commit. A commit costs two syncs of the disk, and so does one with
// a hundred takes in it. What comes while nothing is written is written at once; all that come
// during a commit are the next one. bbolt's own Batch waits a fixed time for company instead, and
// takes everything again when one of the calls fails.

// Do is ledger.Store.Do: one transaction, synced to the disk. A context that ends takes the call
// back unless its commit is under way, in which case Do returns what came of it. A take may read
// the store, but must not call Do or Close, for which it would wait itself.
func (s *Store) Do(ctx context.Context, take func(ledger.Steps) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{ctx: ctx, take: take, done: make(chan struct{})}
	if !s.queue.add(c, s.write) {
		return s.named(ErrClosed)
	}
	// A call whose commit has begun cannot be taken back. To say that it was canceled, when it was
	// stored, would make its caller store it again.
	select {
	case <-c.done:
	case <-ctx.Done():
		if s.queue.withdraw(c) {
			return ctx.Err()
		}
		<-c.done
	}
	if c.panicked != nil {
		// In the goroutine of the caller, whose bug it is, and who may recover.
		panic(c.panicked)
	}
	return c.err
}

// write is the writer: one commit after the other, until nobody waits.
func (s *Store) write() {
	for {
		batch := s.queue.next()
		if len(batch) == 0 {
			return
		}
		s.writeBatch(batch)
	}
}

// writeBatch commits a batch and answers its calls. A take that ends the goroutine, as a test's
// FailNow does, ends only this writer.
func (s *Store) writeBatch(batch []*call) {
	returned := false
	defer func() {
		if !returned {
			for _, c := range batch {
				if c.err == nil {
					c.err = errors.New("ledger file: a take ended its goroutine")
				}
			}
			go s.write()
		}
		for _, c := range batch {
			close(c.done)
		}
	}()
	err := s.commit(batch)
	for _, c := range batch {
		// A take that changed nothing may have read what the others of the batch had changed.
		if c.err == nil && c.panicked == nil {
			c.err = err
		}
	}
	returned = true
}

// errNothing undoes a transaction in which nothing was changed: to sync that would be a waste.
var errNothing = errors.New("nothing was changed")

// commit takes the steps of all calls in one transaction, which bbolt syncs twice: its pages, and
// then the meta page that makes them count. Its error is for the calls without one of their own.
func (s *Store) commit(batch []*call) error {
	if err := s.Err(); err != nil {
		return err
	}
	inside := false // a take or bbolt is running
	err := guard(func() error {
		inside = true
		err := s.db.Update(func(tx *bbolt.Tx) error { return s.takeAll(tx, batch) })
		inside = false
		return err
	})
	switch {
	case errors.Is(err, errNothing):
		return nil
	case inside:
		// bbolt panicked, and may have locks that nobody will release.
		s.queue.broken.Store(true)
		s.fail(s.named(err))
		return s.Err()
	case err != nil && healing(kind(err)):
		return s.named(err)
	case err != nil:
		s.fail(s.named(fmt.Errorf("%w (%w)", ErrDisk, err)))
		return s.Err()
	}
	return s.there()
}

// takeAll takes the steps of a batch, one call after the other; each of them sees what those before
// it have changed. An error is one of the transaction, and no call's own.
func (s *Store) takeAll(tx *bbolt.Tx, batch []*call) error {
	changed := false
	for _, c := range batch {
		// Nobody waits any more for what was canceled in the queue.
		if c.err = c.ctx.Err(); c.err != nil {
			continue
		}
		taken := &steps{
			tx: tx, now: s.cfg.Now(),
			docs: map[ledger.Key]ledger.Doc{}, rows: map[field]int64{},
		}
		c.run(taken)
		if c.err == nil && c.panicked == nil {
			wrote, err := taken.apply()
			if err != nil {
				return err
			}
			changed = changed || wrote
		}
		taken.tx = nil // what keeps the steps from now on gets an error
	}
	if !changed {
		return errNothing
	}
	return nil
}

// run calls take, whose panic is its caller's: it goes on in the goroutine of Do.
func (c *call) run(s *steps) {
	defer func() { c.panicked = recover() }()
	c.err = c.take(s)
}

// there is an error if the file that was written is not the one that the path names. What is
// written to a deleted file is lost as soon as it is closed. It is asked after the sync, so a
// success says that the steps are in a file that was in its place.
func (s *Store) there() error {
	info, err := os.Stat(s.cfg.Path)
	if err == nil && os.SameFile(info, s.info) {
		return nil
	}
	s.fail(s.named(ErrGone))
	return s.Err()
}
