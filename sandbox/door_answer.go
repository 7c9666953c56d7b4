package sandbox

import (
	"errors"
	"net/http"
	"strings"
)

// done is the answer where there is nothing to say.
type done struct{}

// reply and complain answer a script.
func reply(w http.ResponseWriter, status int, v any) {
	a := jsonAnswer(status, v)
	a.header.Set("Cache-Control", "no-store")
	a.write(w)
}

func complain(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": strings.TrimPrefix(err.Error(), "sandbox: ")})
}

// statusOf is the HTTP status for what went wrong.
func statusOf(err error) int {
	for _, unknown := range []error{ErrNoLink, ErrNoPayment, ErrNoEvent} {
		if errors.Is(err, unknown) {
			return http.StatusNotFound
		}
	}
	for _, wrong := range []error{errArgs, ErrRefundAmount, ErrNoSubscriber, ErrPost, ErrDoubts} {
		if errors.Is(err, wrong) {
			return http.StatusBadRequest
		}
	}
	return http.StatusConflict
}
