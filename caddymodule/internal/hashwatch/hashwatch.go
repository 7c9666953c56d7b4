// Package hashwatch notices an experiment whose hash attribute nobody has. Such an experiment runs
// on without a word: all users get its first variant, and none of them is counted.
package hashwatch

import (
	"sync"
	"sync/atomic"
)

// Users is how many must lack the attribute before it looks like a mistake.
const Users = 20

// Watch looks at the first users of one experiment. The zero Watch is ready; it is safe for
// concurrent use.
type Watch struct {
	over atomic.Bool

	mu      sync.Mutex
	lacking map[string]struct{} // their ids, while the watch lasts
}

// Over reports whether nothing more can be learned. It costs next to nothing.
func (w *Watch) Over() bool { return w.over.Load() }

// Has ends the watch: somebody has the attribute, so its name is right.
func (w *Watch) Has() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
}

// Lacks notes a user without the attribute, by their id; one who comes back is one user. It is true
// once, at the last of [Users], and that ends the watch.
func (w *Watch) Lacks(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Over() {
		return false
	}
	if w.lacking == nil {
		w.lacking = make(map[string]struct{}, Users)
	}
	w.lacking[id] = struct{}{}
	if len(w.lacking) < Users {
		return false
	}
	w.end()
	return true
}

// end forgets the users. The lock is held.
func (w *Watch) end() {
	w.over.Store(true)
	w.lacking = nil
}
