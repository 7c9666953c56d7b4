package sandbox

import (
	"net/http"
	"time"
)

// Request is one call of the API as it arrived, good or bad.
type Request struct {
	// Time is when the call had arrived, body included, on Config.Now.
	Time   time.Time
	Method string
	// URL is the path and the query.
	URL string
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

// decode fills Body. It is done when somebody asks, so that a flood of calls
// costs no decoded copies.
func (r *Request) decode() { r.Body, _ = decodeFields(r.Raw) }
