package caddymodule

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/internal/accept"
	"github.com/caddy-checkout/checkout/linkgen"
)

// answer is what a request gets, before it is written.
type answer struct {
	outcome    string
	link       linkgen.Result
	to         string  // another place than a link: after a payment
	login      *target // of the anonymous policy
	next       bool    // the next handler answers
	err        error   // why, for the log
	retryAfter time.Duration
}

// keysRetryAfter is how soon a shopper may try again when nobody can be signed in yet.
const keysRetryAfter = 5 * time.Second

// respond is the only place that turns a decision into status, headers, placeholders, log fields and metrics.
func (h *LinkHandler) respond(w http.ResponseWriter, v *visit, a answer, next caddyhttp.Handler) error {
	if a.outcome == outcomePass {
		v.over = true
		return next.ServeHTTP(w, v.r)
	}
	v.outcome = a.outcome
	what, write := h.plan(w, v, a)
	observe(v, a, what)
	if write == nil {
		v.over = true
		return next.ServeHTTP(w, v.r)
	}
	err := write()
	v.over = true // an error page comes after it
	return err
}

// plan chooses the answer word and how it is written; a nil write means the next handler.
func (h *LinkHandler) plan(w http.ResponseWriter, v *visit, a answer) (what string, write func() error) {
	wantsJSON := accept.PrefersJSON(listed(v.r.Header, "Accept"))
	switch {
	case a.next:
		return answerNext, nil
	case a.outcome == outcomeLink && wantsJSON:
		return answerJSON, func() error { return writeLinkJSON(w, v, a.link) }
	case a.outcome == outcomeLink:
		return answerLink, func() error { return redirect(w, a.link.URL) }
	case a.to != "" && wantsJSON:
		return answerJSON, func() error { return writeJSON(w, http.StatusOK, "application/json", map[string]string{"url": a.to}) }
	case a.to != "":
		return answerRedirect, func() error { return redirect(w, a.to) }
	case a.login != nil && !v.leadsBack(a.login) && !wantsJSON:
		return answerRedirect, func() error { return redirect(w, a.login.render(v.r, v.repl)) }
	case outcomes[a.outcome].status == http.StatusNoContent, a.outcome == outcomeLeft:
		return answerError, func() error { setHeaders(w); w.WriteHeader(outcomes[a.outcome].status); return nil }
	}
	fallback := h.fallbackFor(v, a)
	if fallback != nil && fallback.word == wordNext {
		return answerNext, nil
	}
	if fallback != nil && !wantsJSON {
		return answerFallback, func() error { return redirect(w, fallback.render(v.r, v.repl)) }
	}
	return answerError, func() error { return writeError(w, v, a, fallback, wantsJSON) }
}

// listed is a list header in one line, however many lines it came in (RFC 9110 section 5.3). name is in canonical form.
func listed(h http.Header, name string) string { return strings.Join(h[name], ", ") } // one line is itself, and costs nothing

// fallbackFor is where a failure of ours sends the shopper; nil means that the error answers.
func (h *LinkHandler) fallbackFor(v *visit, a answer) *target {
	if !outcomes[a.outcome].ours {
		return nil
	}
	fallback := h.fallback
	if v.entry != nil && v.entry.fallback != nil {
		fallback = v.entry.fallback
	}
	if fallback == nil || fallback.word == wordError || fallback.word == "" && v.leadsBack(fallback) {
		return nil
	}
	return fallback
}

// leadsBack reports whether a redirect would go round for ever. That is a route too wide, which nobody would notice but shoppers.
func (v *visit) leadsBack(t *target) bool {
	if !t.leadsBack(v.r) {
		return false
	}
	v.rt.app.loopWarning.Do(func() {
		v.rt.app.log.Warn("a login or fallback is answered by checkout_link itself: give the directive a path of its own, as in `checkout_link /upgrade pro`",
			zap.String("path", t.path))
	})
	return true
}

// setHeaders sets what every answer of ours carries: it is for one person, for now, and says nothing of where he came from.
func setHeaders(w http.ResponseWriter) {
	// One backing array for all four; capped, so that whoever appends to one does not write into the next.
	values := [...]string{"no-store", "no-referrer", "nosniff", "noindex"}
	h := w.Header()
	h["Cache-Control"] = values[0:1:1]
	h["Referrer-Policy"] = values[1:2:2]
	h["X-Content-Type-Options"] = values[2:3:3]
	h["X-Robots-Tag"] = values[3:4:4]
}

// redirect answers 303: whatever the method was, the shopper goes on with GET (RFC 9110 section 15.4.4).
func redirect(w http.ResponseWriter, url string) error {
	setHeaders(w)
	w.Header()["Location"] = []string{url}
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func writeLinkJSON(w http.ResponseWriter, v *visit, link linkgen.Result) error {
	return writeJSON(w, http.StatusOK, "application/json", struct {
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
		Campaign  string    `json:"campaign"`
		Variant   string    `json:"variant,omitempty"`
	}{link.URL, link.ExpiresAt.UTC().Truncate(time.Second), v.offer.Campaign.Name(), v.offer.Variant})
}

func writeJSON(w http.ResponseWriter, status int, mediaType string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	setHeaders(w)
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}

// writeText answers with a sentence.
func writeText(w http.ResponseWriter, status int, text string) error {
	setHeaders(w)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, err := io.WriteString(w, text+"\n")
	return err
}

// writeError answers a failure: as a problem document (RFC 9457) to clients that prefer JSON, else by handing the error to
// the site's handle_errors, else as a sentence.
func writeError(w http.ResponseWriter, v *visit, a answer, fallback *target, wantsJSON bool) error {
	o := outcomes[a.outcome]
	status := o.status
	if a.outcome == string(linkgen.Unavailable) && a.retryAfter > 0 {
		status = http.StatusServiceUnavailable // the breaker is open, and says until when
	}
	setHeaders(w)
	setErrorHeaders(w.Header(), a, status)
	if !wantsJSON {
		if v.rt.app.hasErrorPages(v.r) {
			return caddyhttp.Error(status, errors.New(o.text))
		}
		return writeText(w, status, o.text)
	}
	problem := map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"detail": o.text, "outcome": a.outcome,
	}
	if fallback != nil {
		problem["fallback"] = fallback.render(v.r, v.repl)
	}
	if a.login != nil {
		problem["login"] = a.login.render(v.r, v.repl)
	}
	return writeJSON(w, status, "application/problem+json", problem)
}

func setErrorHeaders(h http.Header, a answer, status int) {
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, HEAD, POST")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds := int64((a.retryAfter + time.Second - 1) / time.Second)
		h.Set("Retry-After", strconv.FormatInt(max(seconds, 1), 10))
	}
}
