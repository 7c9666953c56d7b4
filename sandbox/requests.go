package sandbox

import (
	"net/http"
	"time"
)

// Request is one call of the one-link endpoint as it arrived, good or bad.
type Request struct {
	// Time is when the call had arrived, body included, on Config.Now.
	Time   time.Time
	Method string
	// Proto is the protocol, such as HTTP/2.0.
	Proto string
	// RemoteAddr is the caller's host and port; empty through Transport.
	RemoteAddr string
	// Header holds the secret keys of the call, too: do not print it.
	Header http.Header
	// Raw is the body, at most 64 KiB of it.
	Raw []byte
	// Body is Raw decoded; nil if it is not one JSON object.
	Body map[string]any
	// Status is that of the answer; 0 while there is none, or if a fault ended
	// the connection without one.
	Status int
}

// Calls returns how many calls of the one-link endpoint have arrived, failed
// ones included. It counts beyond what Requests remembers.
func (s *Sandbox) Calls() int { return int(s.calls.Load()) }

// MaxInFlight returns the most one-link calls that were inside at once. With a
// Latency it tells whether a client limits its calls.
func (s *Sandbox) MaxInFlight() int { return int(s.maximum.Load()) }

// Requests returns the newest calls, oldest first; Config.KeepRequests bounds
// how many. The caller must not change what the headers and Raw point to.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	list := make([]Request, 0, len(s.requests.values))
	for r := range s.requests.all() {
		list = append(list, *r)
	}
	s.mu.Unlock()
	for i := range list {
		list[i].decode()
	}
	return list
}

// decode fills Body. It is done when somebody asks, so that a flood of calls
// costs no decoded copies.
func (r *Request) decode() { r.Body, _ = decodeFields(r.Raw) }

// begin counts a call in and returns what counts it out.
func (s *Sandbox) begin() (end func()) {
	s.calls.Add(1)
	n := s.inFlight.Add(1)
	for {
		high := s.maximum.Load()
		if n <= high || s.maximum.CompareAndSwap(high, n) {
			break
		}
	}
	return func() { s.inFlight.Add(-1) }
}

// record remembers a call that has no answer so far.
func (s *Sandbox) record(r *http.Request, raw []byte) *Request {
	call := &Request{
		Time:       s.cfg.Now(),
		Method:     r.Method,
		Proto:      r.Proto,
		RemoteAddr: r.RemoteAddr,
		Header:     r.Header.Clone(),
		Raw:        raw,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests.push(call)
	return call
}

// answered notes the status of a call's answer.
func (s *Sandbox) answered(call *Request, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call.Status = status
}
