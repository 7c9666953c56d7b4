package zotlo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	// known are the last messages that were heard from the fleet or told to it. Untold is the kind
	// of what has happened here since.
	known  [4]string
	untold string
}

// check tells why no call may be made, by what this process knows.
func (p *pause) check(now time.Time) *Error {
	e, _ := p.take(now, false)
	return e
}

// takeProbe is check for a call that is about to be made. A probe that is due is the caller's, and
// the next one moves on, so that one call in probeEvery goes out, however many ask.
func (p *pause) takeProbe(now time.Time) (e *Error, probes bool) { return p.take(now, true) }

// take is both. It reports whether a call now would be a probe.
func (p *pause) take(now time.Time, take bool) (e *Error, probes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until) {
		e := failed(ResultThrottled, "the project is paused after a 429")
		e.RetryAfter = p.until.Sub(now)
		return e, false
	}
	if p.wrong == nil {
		return nil, false
	}
	if now.Before(p.probe) {
		return p.wrong.again("the project is paused: its keys or its API address are wrong"), false
	}
	if take {
		p.probe = now.Add(probeEvery)
	}
	return nil, true
}

// leave is the error of a probe that was left to another node of the fleet.
func (p *pause) leave() *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wrong == nil {
		return nil // it has ended meanwhile
	}
	return p.wrong.again("the project is paused: another node tries its keys and its API address")
}

// throttle pauses for d and tells whether a pause began; a longer one under way stays. The pause is
// told once, by the call that began it.
func (p *pause) throttle(now time.Time, d time.Duration) (began bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	began = !now.Before(p.until)
	if until := now.Add(d); until.After(p.until) {
		p.until = until
		p.untold = newsThrottled
	}
	return began
}

// block pauses until a probe succeeds, and tells whether the pause began. What the first answer
// said stays: later ones are those of probes, and say the same.
func (p *pause) block(now time.Time, e *Error) (began bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probe, p.untold = now.Add(probeEvery), newsWrong
	if p.wrong != nil {
		return false
	}
	p.wrong = e
	return true
}

// unblock ends a pause for wrong keys or a wrong address. A pause after a 429 is left as it is: it
// ends by the clock alone.
func (p *pause) unblock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wrong != nil {
		p.wrong, p.untold = nil, newsRight
	}
}

// What the nodes of a fleet tell each other about an account: a kind, an instant in Unix
// milliseconds, and what the API said.
const (
	newsThrottled = "429"   // the pause lasts until the instant
	newsWrong     = "wrong" // the next probe is at the instant; code and status follow
	newsRight     = "right" // a probe succeeded at the instant
)

// news is what happened here and the fleet does not know yet, and for how long it matters. The life
// is zero if there is nothing.
func (p *pause) news(now time.Time) (value string, life time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.untold == newsThrottled:
		value, life = fmt.Sprint(newsThrottled, " ", p.until.UnixMilli()), p.until.Sub(now)
	case p.untold == newsWrong && p.wrong != nil:
		value = fmt.Sprint(newsWrong, " ", p.probe.UnixMilli(), " ", p.wrong.Status, " ", p.wrong.Code)
		life = newsLife
	case p.untold == newsRight:
		value, life = fmt.Sprint(newsRight, " ", now.UnixMilli()), newsLife
	}
	p.untold = ""
	if life > 0 {
		p.knowLocked(value)
	}
	return value, life
}

// hear learns what another node has told. What was heard before, or is our own, changes nothing:
// where Redis takes no more writes, an old message must not undo what is known here. No pause is
// longer than one that begins here would be.
func (p *pause) hear(value string, now time.Time) {
	fields := strings.Split(value, " ")
	if len(fields) < 2 {
		return
	}
	ms, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.known[:], value) {
		return
	}
	p.knowLocked(value)
	at := time.UnixMilli(ms)
	switch {
	case fields[0] == newsThrottled:
		p.until = later(p.until, at, now.Add(maxPause))
	case fields[0] == newsWrong && len(fields) == 4:
		if p.wrong == nil {
			p.wrong, p.probe = failed(ResultCredentials, "another node was refused"), now
			p.wrong.Status, _ = strconv.Atoi(fields[2])
			p.wrong.Code = label(fields[3])
		}
		p.probe = later(p.probe, at, now.Add(probeEvery))
	case fields[0] == newsRight:
		p.wrong = nil
	}
}

// knowLocked makes a message one that is no news any more.
func (p *pause) knowLocked(value string) {
	copy(p.known[1:], p.known[:])
	p.known[0] = value
}

// later is the later one of two instants, the second being at most so late.
func later(a, b, atMost time.Time) time.Time {
	if b.After(atMost) {
		b = atMost
	}
	if b.After(a) {
		return b
	}
	return a
}
