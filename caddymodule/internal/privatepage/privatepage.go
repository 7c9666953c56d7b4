// Package privatepage keeps a page that was made for one user out of shared caches.
package privatepage

import (
	"io"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Writer makes the response private as it begins. It overrides every way to begin one.
type Writer struct {
	*caddyhttp.ResponseWriterWrapper
	begun bool
}

// New wraps w.
func New(w http.ResponseWriter) *Writer {
	return &Writer{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
}

// WriteHeader makes the response private as it begins. Informational responses (1xx) come before it
// and stay as they are.
func (w *Writer) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.Begin()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write begins the response if nothing else did.
func (w *Writer) Write(p []byte) (int, error) {
	w.Begin()
	return w.ResponseWriter.Write(p)
}

// ReadFrom is overridden because the embedded one would begin the response behind our back.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	w.Begin()
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError is found by http.ResponseController before it looks beneath this writer.
func (w *Writer) FlushError() error {
	w.Begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Begin makes the response private if nothing has begun it yet. Call it after the page was made: an
// error page comes later, and an empty page begins when nobody is left to ask.
func (w *Writer) Begin() {
	if w.begun {
		return
	}
	w.begun = true
	makePrivate(w.Header())
}

// makePrivate removes what lets shared caches keep a response, and adds private (RFC 9111 section
// 5.2.2).
func makePrivate(h http.Header) {
	values := h["Cache-Control"]
	if len(values) == 0 {
		h["Cache-Control"] = []string{"private"}
		return
	}
	kept := []string{}
	for _, directive := range splitDirectives(strings.Join(values, ",")) {
		name, _, _ := strings.Cut(directive, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "public", "s-maxage", "private", "":
		default:
			kept = append(kept, directive)
		}
	}
	h["Cache-Control"] = []string{strings.Join(append(kept, "private"), ", ")}
}

// Sharable reports whether shared caches may keep a response because it says so.
func Sharable(h http.Header) bool {
	shared := false
	for _, value := range h["Cache-Control"] {
		value = strings.ToLower(value)
		if !strings.Contains(value, "public") && !strings.Contains(value, "s-maxage") &&
			!strings.Contains(value, "no-store") {
			continue
		}
		for _, directive := range splitDirectives(value) {
			if directive == "no-store" {
				return false // whatever else it says
			}
			shared = shared || directive == "public" || strings.HasPrefix(directive, "s-maxage")
		}
	}
	return shared
}

// splitDirectives cuts a Cache-Control value at the commas outside quotes.
func splitDirectives(value string) []string {
	var list []string
	quoted, from := false, 0
	for i := 0; i < len(value); i++ {
		switch {
		case value[i] == '\\' && quoted:
			i++
		case value[i] == '"':
			quoted = !quoted
		case value[i] == ',' && !quoted:
			list = append(list, strings.TrimSpace(value[from:i]))
			from = i + 1
		}
	}
	return append(list, strings.TrimSpace(value[from:]))
}
