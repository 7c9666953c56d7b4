package filestore

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/caddy-checkout/checkout/ledger"
)

// maxBatch bounds how many takes share a commit, and so how long the first of them waits.
const maxBatch = 256

// call is one Do on its way. Its writer alone touches err and panicked, until done is closed.
type call struct {
	ctx      context.Context
	take     func(ledger.Steps) error
	err      error
	panicked any           // what take panicked with
	done     chan struct{} // closed when err and panicked are final
}

// queue holds the calls for the next commit. Its writer is a goroutine that lives as long as there
// is something to write: a store that is idle has none, and one that is lost by its owner keeps
// nothing alive.
type queue struct {
	mu      sync.Mutex
	idle    sync.Cond // on mu: writing became false
	waiting []*call   // in the order in which they came
	writing bool      // there is a writer, which will see what waits
	closed  bool
	broken  atomic.Bool // a writer panicked inside bbolt
}

// add puts a call into the queue, and starts the writer if there is none. A closed queue takes
// nothing.
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

// withdraw takes a call back whose commit has not begun, and reports whether that was so.
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

// next is what the next commit has to write: all that wait, up to a bound. With nothing left the
// writer ends, which is decided under the lock, so that no call can come between and wait for ever.
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

// close lets no further call in, and reports whether that is new. What waits is still written.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := q.closed
	q.closed = true
	return !was
}

// drain waits until everything that was let in is written, and the writer has ended. Afterwards
// nobody uses the file but readers, for whom bbolt waits.
func (q *queue) drain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.writing {
		q.idle.Wait()
	}
}
