package sandbox

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// traffic is what has been asked of one part of the API, and how that part is
// to misbehave.
type traffic struct {
	faults

	clock    *ticker
	calls    atomic.Int64
	inFlight atomic.Int64
	maximum  atomic.Int64

	mu       sync.Mutex // guards requests, and the Status of each
	requests ring[*Request]
}

// newTraffic remembers so many of the newest calls.
func newTraffic(clock *ticker, keep int) *traffic {
	return &traffic{clock: clock, requests: newRing[*Request](keep)}
}

// Calls returns how many calls have arrived, failed
// ones included. It counts beyond what Requests remembers.
func (t *traffic) Calls() int { return int(t.calls.Load()) }

// MaxInFlight returns the most calls that were inside at once. With a
// Latency it tells whether a client limits its calls.
func (t *traffic) MaxInFlight() int { return int(t.maximum.Load()) }

// Requests returns the newest calls, oldest first; Config.KeepRequests bounds
// how many. The caller must not change what the headers and Raw point to.
func (t *traffic) Requests() []Request {
	t.mu.Lock()
	list := make([]Request, 0, len(t.requests.values))
	for r := range t.requests.all() {
		list = append(list, *r)
	}
	t.mu.Unlock()
	for i := range list {
		list[i].decode()
	}
	return list
}

// begin counts a call in and returns what counts it out.
func (t *traffic) begin() (end func()) {
	t.calls.Add(1)
	n := t.inFlight.Add(1)
	for {
		high := t.maximum.Load()
		if n <= high || t.maximum.CompareAndSwap(high, n) {
			break
		}
	}
	return func() { t.inFlight.Add(-1) }
}

// record remembers a call that has no answer so far.
func (t *traffic) record(r *http.Request, raw []byte) *Request {
	call := &Request{
		Time:       t.clock.now(),
		Method:     r.Method,
		URL:        r.URL.RequestURI(),
		Proto:      r.Proto,
		RemoteAddr: r.RemoteAddr,
		Header:     r.Header.Clone(),
		Raw:        raw,
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests.push(call)
	return call
}

// answered notes the status of a call's answer.
func (t *traffic) answered(call *Request, status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	call.Status = status
}

// endpoint answers a call, unless a fault does. The body is that of the call,
// or readErr says why it could not be read.
type endpoint func(r *http.Request, body []byte, readErr error, f Fault) answer

// serve counts and records a call, then lets a fault answer it or the endpoint.
func (t *traffic) serve(w http.ResponseWriter, r *http.Request, e endpoint) {
	defer t.begin()()
	raw, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	call := t.record(r, raw)
	fault := t.next(call)
	if !pause(r.Context(), fault.Delay) {
		return // the caller has left
	}
	a, spoiled := fault.answer()
	if !spoiled {
		a = e(r, raw, readErr, fault)
	}
	t.answered(call, a.status)
	fault.write(w, r, a)
}
