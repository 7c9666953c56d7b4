// Package passthrough is for a webhook that two hear: this module and the site's own backend, whose
// answer is the answer.
package passthrough

import "net/http"

// Undone is the way to a backend for a webhook that we could not process. Where the backend says 2xx,
// the sender hears of our failure instead, so that it repeats the webhook and both hear it again. What
// else the backend says is its own.
type Undone struct {
	w        http.ResponseWriter
	fail     func(http.ResponseWriter)
	answered bool
	replaced bool
}

// NewUndone writes to w. fail writes the answer that takes the place of the backend's success.
func NewUndone(w http.ResponseWriter, fail func(http.ResponseWriter)) *Undone {
	return &Undone{w: w, fail: fail}
}

// Header implements http.ResponseWriter.
func (u *Undone) Header() http.Header { return u.w.Header() }

// WriteHeader implements http.ResponseWriter.
func (u *Undone) WriteHeader(status int) {
	switch {
	case u.answered:
	case status >= 300 || status < 200:
		u.answered = status >= 300
		u.w.WriteHeader(status)
	default:
		u.answered, u.replaced = true, true
		clear(u.w.Header())
		u.fail(u.w)
	}
}

// Write implements http.ResponseWriter.
func (u *Undone) Write(p []byte) (int, error) {
	u.WriteHeader(http.StatusOK) // unless there was an answer
	if u.replaced {
		return len(p), nil
	}
	return u.w.Write(p)
}
