package sandbox

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Fault is one way in which an endpoint of the API misbehaves. Its parts can be
// combined; the zero value misbehaves in none. The steps happen in the order of
// the fields. Give it to [Sandbox.Fail], [Sandbox.FailNext] or [Sandbox.FailIf].
type Fault struct {
	// Delay passes before anything is answered, even before a link is created.
	// A caller that leaves meanwhile gets no link.
	Delay time.Duration

	// Reset ends the connection without an answer.
	Reset bool

	// Status, if not 0, answers instead of the endpoint, with Header and Body.
	// No link is created.
	Status int
	// Header is sent with Status, and only then.
	Header http.Header
	// Body is sent with Status, and only then.
	Body string

	// Code, with Status and no Body, answers an error envelope with this code:
	// one of the Code… constants, or any other.
	Code int

	// Link, if not empty, is answered in place of a new personal link. It can
	// be any text. Reads do not look at it, nor at Pad.
	Link string

	// Pad makes the answer of a link this many bytes longer.
	Pad int

	// Drip stretches the body over this time, in small pieces.
	Drip time.Duration

	// Cut ends the connection after half of the body.
	Cut bool
}

// RateLimited answers 429. An empty retryAfter sends no Retry-After header; any
// other text is sent as it is. RFC 9110 (section 10.2.3) has seconds, such as
// "17", and HTTP dates; whether Zotlo sends the header at all is not published.
func RateLimited(retryAfter string) Fault {
	f := Fault{Status: http.StatusTooManyRequests, Code: CodeInventedRateLimit}
	if retryAfter != "" {
		f.Header = http.Header{"Retry-After": {retryAfter}}
	}
	return f
}

// ServerError answers 500 with code 500000, the only one to be tried again.
func ServerError() Fault { return Fault{Status: http.StatusInternalServerError, Code: CodeServer} }

// BadRequest answers 400 with the code, such as CodeSubscriberID. Asking again
// changes nothing.
func BadRequest(code int) Fault { return Fault{Status: http.StatusBadRequest, Code: code} }

// BadCredentials answers 401002, whatever keys were sent.
func BadCredentials() Fault { return Fault{Status: http.StatusUnauthorized, Code: CodeCredentials} }

// ErrorInside200 answers HTTP 200 whose envelope holds an error, as Zotlo does
// when business logic fails. The status inside is what the code begins with.
func ErrorInside200(code int) Fault { return Fault{Status: http.StatusOK, Code: code} }

// Latency answers well, but only after d.
func Latency(d time.Duration) Fault { return Fault{Delay: d} }

// Slow answers well and at once, but its body takes d to arrive.
func Slow(d time.Duration) Fault { return Fault{Drip: d} }

// CutOff sends the header and half of a good answer; then the connection dies.
func CutOff() Fault { return Fault{Cut: true} }

// Reset lets the connection die without an answer.
func Reset() Fault { return Fault{Reset: true} }

// NotJSON answers 200 with an HTML page, as a proxy in between may.
func NotJSON() Fault {
	return Custom(http.StatusOK, http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		"<!doctype html><title>Welcome</title><p>Not the API you are looking for.\n")
}

// Redirect answers 307 to another address. A client that follows it carries
// its secret there.
func Redirect(to string) Fault {
	return Custom(http.StatusTemporaryRedirect, http.Header{"Location": {to}}, "")
}

// Huge answers well, with this many bytes too many.
func Huge(bytes int) Fault { return Fault{Pad: bytes} }

// WrongLink answers a good envelope around this link.
func WrongLink(link string) Fault { return Fault{Link: link} }

// Custom answers exactly this.
func Custom(status int, header http.Header, body string) Fault {
	return Fault{Status: status, Header: header, Body: body}
}

// answer is what the fault says instead of the endpoint, if anything.
func (f Fault) answer() (answer, bool) {
	switch {
	case f.Reset:
		panic(http.ErrAbortHandler)
	case f.Status == 0 && f.Link != "":
		return linkAnswer(f.Link, f.Pad), true
	case f.Status == 0:
		return answer{}, false
	case f.Body == "" && f.Code != 0:
		// Inside a 200 the envelope still names the status its code begins with.
		inside := f.Status
		if inside == http.StatusOK {
			inside = f.Code / 1000
		}
		a := refuse(inside, f.Code, "the sandbox was told to fail").answer(Doubts{})
		a.status = f.Status
		maps.Copy(a.header, f.Header)
		return a, true
	}
	return answer{status: f.Status, header: f.Header, body: []byte(f.Body)}, true
}

// write sends the answer the way the fault wants it sent: cut, dripping, or
// simply.
func (f Fault) write(w http.ResponseWriter, r *http.Request, a answer) {
	switch {
	case f.Cut:
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		a.writeHeader(w)
		cutOff(w, a.body)
	case f.Drip > 0:
		a.writeHeader(w)
		drip(r.Context(), w, a.body, f.Drip)
	default:
		a.write(w)
	}
}

// cutOff sends half of the body and ends the connection. The panic is net/http's
// way to do so.
func cutOff(w http.ResponseWriter, body []byte) {
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// dripPieces is into how many pieces a slow body is cut.
const dripPieces = 20

// drip sends the body in pieces, evenly over d, until the caller leaves.
func drip(ctx context.Context, w http.ResponseWriter, body []byte, d time.Duration) {
	control := http.NewResponseController(w)
	_ = control.Flush()
	size := len(body)/dripPieces + 1
	for len(body) > 0 && pause(ctx, d/dripPieces) {
		n := min(size, len(body))
		_, _ = w.Write(body[:n])
		_ = control.Flush()
		body = body[n:]
	}
}

// pause waits for d and reports whether the caller is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
