package filestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"github.com/caddy-checkout/checkout/ledger"
)

// This file is how calls share a commit. A commit costs two syncs of the disk, and so does one with
// a hundred takes in it. Whoever comes while nothing is written is written at once; all that come
// during a commit are the next one. bbolt's own Batch waits a fixed time for company instead, and
// takes everything again when one of the calls fails.

// maxBatch bounds how many takes share a commit, and so how long the first of them waits.
const maxBatch = 256

// call is one Do on its way.
type call struct {
	ctx      context.Context
	take     func(ledger.Steps) error
	err      error
	panicked any           // what take panicked with
	done     chan struct{} // closed when err and panicked are final
}

// queue holds the calls for the next commit. Its writer is a goroutine that lives as long as there
// is something to write.
type queue struct {
	mu      sync.Mutex
	idle    sync.Cond // on mu: writing became false
	waiting []*call
	writing bool
	closed  bool
	broken  atomic.Bool // a writer panicked inside bbolt
}

// Do is ledger.Store.Do: one transaction, synced to the disk. A context that ends takes the call
// back unless its commit is under way, in which case Do returns what came of it.
func (s *Store) Do(ctx context.Context, take func(ledger.Steps) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{ctx: ctx, take: take, done: make(chan struct{})}
	if !s.queue.add(c, s.write) {
		return s.named(ErrClosed)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if s.queue.withdraw(c) {
			return ctx.Err()
		}
		<-c.done
	}
	if c.panicked != nil {
		panic(c.panicked)
	}
	return c.err
}

// add puts a call into the queue, and starts the writer if there is none.
func (q *queue) add(c *call, write func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, c)
	if !q.writing {
		q.writing = true
		go write()
	}
	return true
}

// withdraw takes a call back whose commit has not begun.
func (q *queue) withdraw(c *call) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, waits := range q.waiting {
		if waits == c {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// next is what the next commit has to write. With nothing left the writer ends.
func (q *queue) next() []*call {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxBatch)
	batch := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; n == 0 {
		q.waiting, q.writing = nil, false
		q.idle.Broadcast()
	}
	return batch
}

// close lets no further call in, and reports whether that is new.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := q.closed
	q.closed = true
	return !was
}

// drain waits until everything that was let in is written.
func (q *queue) drain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.writing {
		q.idle.Wait()
	}
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

// commit takes the steps of all calls in one transaction. Its error is for the calls without one of
// their own.
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

// takeAll takes the steps of a batch. An error is one of the transaction, and no call's own.
func (s *Store) takeAll(tx *bbolt.Tx, batch []*call) error {
	changed := false
	for _, c := range batch {
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
		taken.tx = nil
	}
	if !changed {
		return errNothing
	}
	return nil
}

// run calls take, whose panic is its caller's.
func (c *call) run(s *steps) {
	defer func() { c.panicked = recover() }()
	c.err = c.take(s)
}

// there is an error if the file that was written is not the one that the path names. What is written
// to a deleted file is lost as soon as it is closed.
func (s *Store) there() error {
	info, err := os.Stat(s.cfg.Path)
	if err == nil && os.SameFile(info, s.info) {
		return nil
	}
	s.fail(s.named(ErrGone))
	return s.Err()
}
