package zotlo

import (
	"sync"
	"time"
)

// The bounds of a pause after a 429. Zotlo publishes no Retry-After: a shorter pause would hammer
// an API that is at its limit, and a longer one would close a shop on the strength of one header.
const (
	minPause = time.Second
	maxPause = time.Minute
	// probeEvery is how often a project with wrong keys or a wrong address is tried.
	probeEvery = 30 * time.Second
)

// pause holds a project's calls back: for a while after a 429, and for as long as its keys or its
// address are wrong. The two are independent. Its zero value lets everything pass.
type pause struct {
	mu    sync.Mutex
	until time.Time // of the pause after a 429
	wrong *Error    // what the API said about keys or address, nil when they are right
	probe time.Time // when the next call may find out whether they are right by now
}

// check tells why no call may be made. With take, a probe that is due is the caller's. The take of
// a probe moves the next one on, so that one call in probeEvery goes out, however many ask.
func (p *pause) check(now time.Time, take bool) *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until) {
		e := failed(ResultThrottled, "the project is paused after a 429")
		e.RetryAfter = p.until.Sub(now)
		return e
	}
	if p.wrong == nil {
		return nil
	}
	if now.Before(p.probe) {
		return p.wrong.again("the project is paused: its keys or its API address are wrong")
	}
	if take {
		p.probe = now.Add(probeEvery)
	}
	return nil
}

// throttle pauses for d and tells whether a pause began; a longer one under way stays. The pause is
// told once, by the call that began it.
func (p *pause) throttle(now time.Time, d time.Duration) (began bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	began = !now.Before(p.until)
	if until := now.Add(d); until.After(p.until) {
		p.until = until
	}
	return began
}

// block pauses until a probe succeeds, and tells whether the pause began. What the first answer
// said stays: later ones are those of probes, and say the same.
func (p *pause) block(now time.Time, e *Error) (began bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wrong != nil {
		return false
	}
	p.wrong, p.probe = e, now.Add(probeEvery)
	return true
}

// unblock ends a pause for wrong keys or a wrong address. A pause after a 429 is left as it is: it
// ends by the clock alone.
func (p *pause) unblock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = nil
}
