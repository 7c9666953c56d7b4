package zotlo

import (
	"errors"
	"sync/atomic"
	"time"
)

// account is what is known about one set of keys at one API address. It outlives Clients.
type account struct {
	name     string        // a hash of address and keys, by which a fleet knows the account
	shoppers *lane         // the calls that somebody waits for
	reads    *lane         // the calls that look something up
	places   chan struct{} // of reads: as many as it holds may be under way
	look     look          // what the fleet says of shoppers' pauses
	rate     Bucket
	aloneAt  atomic.Int64 // when the fleet gave no answer last, Unix nanoseconds
	okAt     atomic.Int64 // when a call succeeded last, Unix nanoseconds
	watch    atomic.Pointer[watch]
}

// readPlaces is how many reads of one account may be under way at once. They are counted apart from
// shoppers' calls, so that neither holds up the other.
const readPlaces = 8

// watch is who is to be told: the projects of the Clients that were activated last, as far as they
// use the account.
type watch struct {
	hooks Hooks
	names []string
}

// newAccount makes an account of which nothing is known: closed breakers, no pause and full reserves
// of retries.
func newAccount(name string) *account {
	a := &account{name: name, places: make(chan struct{}, readPlaces)}
	a.watch.Store(new(watch))
	a.shoppers = newLane(a.turned)
	a.reads = newLane(func(bool) {}) // nobody's sale waits for a read
	return a
}

// turned tells that the breaker of shoppers' calls opened or closed. It is called under the
// breaker's lock. The watch is read here and not kept: a reload may have replaced it since the call
// began.
func (a *account) turned(open bool) {
	w := a.watch.Load()
	for _, name := range w.names {
		w.hooks.breaker(name, open)
	}
}

// blocked tells why no shopper's call may be made now, without making use of a probe.
func (a *account) blocked(now time.Time) *Error {
	if e := a.shoppers.pause.check(now); e != nil {
		return e
	}
	return a.shoppers.refusal(now)
}

// provenFor is how long a success proves that keys and address are right.
const provenFor = time.Minute

// blame says whom a bare 401 or 404 is about: the keys or the address, unless the same ones had a
// success a moment ago. Then it is the request's own fault, and stops nobody else.
func (a *account) blame(e *Error) {
	bare := e.Result == ResultCredentials && e.Code == ""
	if bare && time.Since(time.Unix(0, a.okAt.Load())) < provenFor {
		e.Result = ResultRefused
		e.cause = errors.New("the API answered one request as if keys or address were wrong")
	}
}

// learn updates budget and pauses from an answer, and names the pause of shoppers' calls that began
// with it. A failure of the other side as a whole changes neither: only an answer tells anything
// about rate or keys. A read pauses reads alone: an account may have fewer of them, or none at all,
// and that closes no shop. If it is so for all calls, the next click is told.
func (a *account) learn(l *lane, e *Error) (began string, pause time.Duration) {
	if e == nil {
		a.okAt.Store(time.Now().UnixNano())
	}
	began, pause = l.learn(e)
	if l == a.reads {
		return "", 0
	}
	return began, pause
}
