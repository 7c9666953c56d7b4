package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// passOn lets the backend answer. What goes wrong there is logged without the address, for the same
// reason as above.
func (h *WebhookHandler) passOn(w http.ResponseWriter, r *http.Request,
	next caddyhttp.Handler,
) error {
	err := next.ServeHTTP(w, r)
	if unsettled, ok := w.(*unsettledWriter); ok && err == nil {
		unsettled.WriteHeader(http.StatusOK) // a backend that wrote nothing said 200
	}
	if err == nil || h.shared.errorPages.Answers(w, r, h, err) {
		// The site may have a second backend there; Caddy logs what it handles with debug only.
		return err
	}
	status := http.StatusInternalServerError
	if failed, ok := errors.AsType[caddyhttp.HandlerError](err); ok && failed.StatusCode != 0 {
		status, err = failed.StatusCode, failed.Err
	}
	h.shared.log.Error("a webhook's next handler failed", zap.Int("status", status), zap.Error(err))
	return writeText(w, status, http.StatusText(status))
}

// unsettledWriter answers 503 where the backend says 2xx to a webhook that we could not process, so
// that Zotlo repeats it and both hear it again. What else the backend says is its own.
type unsettledWriter struct {
	w        http.ResponseWriter
	handler  *WebhookHandler
	answered bool
	replaced bool
}

// Header implements http.ResponseWriter.
func (u *unsettledWriter) Header() http.Header { return u.w.Header() }

// WriteHeader implements http.ResponseWriter.
func (u *unsettledWriter) WriteHeader(status int) {
	switch {
	case u.answered:
	case status >= 300 || status < 200:
		u.answered = status >= 300
		u.w.WriteHeader(status)
	default:
		u.answered, u.replaced = true, true
		clear(u.w.Header())
		_ = u.handler.refuse(u.w, http.StatusServiceUnavailable, errNotProcessed)
	}
}

// Write implements http.ResponseWriter.
func (u *unsettledWriter) Write(p []byte) (int, error) {
	u.WriteHeader(http.StatusOK) // unless there was an answer
	if u.replaced {
		return len(p), nil
	}
	return u.w.Write(p)
}
