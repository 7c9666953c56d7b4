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

// complain says what went wrong, without the name of the package: a script shows it to a person.
func complain(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": strings.TrimPrefix(err.Error(), "sandbox: ")})
}

// statusOf is the HTTP status for what went wrong.
//
// A 404 is for what is not there, a 400 for a question that nobody could answer. A 409 is for the
// rest: a refund of what was refunded, a renewal of what has ended. The same call may succeed at
// another time.
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
