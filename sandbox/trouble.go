package sandbox

import (
	"strings"
	"sync"
)

// Fail makes every call go wrong in this way, until Heal or another Fail. The
// zero Fault ends it, and leaves FailNext and FailIf in force.
func (f *faults) Fail(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.always = fault
}

// FailNext makes the next n calls go wrong in this way. Several FailNext queue
// up; they go before Fail and FailIf. An n of 0 or less changes nothing.
func (f *faults) FailNext(n int, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n > 0 {
		f.queue = append(f.queue, queuedFault{n, fault})
	}
}

// FailIf makes the calls that match go wrong in this way. It goes before Fail;
// of several the first that matches. match must be quick and safe for
// concurrent use.
func (f *faults) FailIf(match func(Request) bool, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.some = append(f.some, matchedFault{match, fault})
}

// failPath makes the calls go wrong whose URL begins so.
func (f *faults) failPath(prefix string, fault Fault) {
	f.FailIf(func(r Request) bool { return strings.HasPrefix(r.URL, prefix) }, fault)
}

// Heal ends Fail, FailNext and FailIf. Calls that a fault holds up already
// suffer it to its end.
func (f *faults) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue, f.some, f.always = nil, nil, Fault{}
}

// queuedFault is what is left of a FailNext.
type queuedFault struct {
	left  int
	fault Fault
}

// matchedFault is a FailIf.
type matchedFault struct {
	match func(Request) bool
	fault Fault
}

// faults decides which call goes wrong: queue first, then some, then always.
type faults struct {
	mu     sync.Mutex
	queue  []queuedFault
	some   []matchedFault
	always Fault
}

// next is the fault of a call, and takes one off the queue. It calls the
// functions of FailIf outside the lock.
func (f *faults) next(call *Request) Fault {
	f.mu.Lock()
	if len(f.queue) > 0 {
		defer f.mu.Unlock()
		first := &f.queue[0]
		fault := first.fault
		if first.left--; first.left == 0 {
			f.queue = f.queue[1:]
		}
		return fault
	}
	some, always := f.some, f.always
	f.mu.Unlock()
	if len(some) == 0 {
		return always
	}
	seen := *call
	seen.decode()
	for _, m := range some {
		if m.match(seen) {
			return m.fault
		}
	}
	return always
}
