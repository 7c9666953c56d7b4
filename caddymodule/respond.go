package caddymodule

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/gate"
	"github.com/caddy-checkout/checkout/caddymodule/internal/navigation"
	"github.com/caddy-checkout/checkout/caddymodule/internal/privatepage"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/internal/accept"
	"github.com/caddy-checkout/checkout/linkgen"
)

// answer is what a request is to get, before it is known how the client wants it.
type answer struct {
	outcome    string
	link       linkgen.Result
	start      any            // what an embedded form is started with; nil: no form
	to         string         // another place than a link: after a payment
	login      *target.Target // of the anonymous policy
	fallback   *target.Target // where a failure of ours leads; nil: the error answers
	next       bool           // the next handler answers
	text       string         // for the shopper, where it says more than the outcome's own
	err        error          // why, for the log
	retryAfter time.Duration
}

// reply is an answer in the form that the client gets.
type reply struct {
	answer   string         // what the shopper got, as it is counted
	json     bool           // the client prefers it, where it is not sent elsewhere
	moves    bool           // the client goes where it is sent; else it gets the URL in JSON
	url      string         // of a redirect, or in the JSON
	fallback *target.Target // of the error
}

// respond is the only place that turns a decision into status, headers, placeholders, log fields
// and metrics.
func respond(w http.ResponseWriter, d *decision, a answer, next caddyhttp.Handler) error {
	if a.outcome == gate.Options {
		d.over = true
		return next.ServeHTTP(w, d.r)
	}
	d.outcome = a.outcome
	how := plan(d, a)
	observe(d, a, how.answer)
	if how.answer == answerNext {
		d.over = true
		return passOn(w, d, next)
	}
	err := write(w, d, a, how)
	d.over = true // an error page comes after it
	return err
}

// passOn lets the next handler answer. Its page is anybody's, and may be cached; one that sets the
// visitor's cookie is not, for others have not agreed to it.
func passOn(w http.ResponseWriter, d *decision, next caddyhttp.Handler) error {
	if !d.state.visit.Remembered() {
		return next.ServeHTTP(w, d.r)
	}
	privatepage.Unconditional(d.r)
	page := privatepage.New(w)
	err := next.ServeHTTP(page, d.r)
	page.Finish()
	return err
}

// plan chooses the form. A framework's own header beats the preference for JSON: its code decides
// what becomes of the page, and it looks at headers first.
func plan(d *decision, a answer) reply {
	how := reply{json: d.rt.script || accept.PrefersJSON(strings.Join(d.r.Header["Accept"], ", "))}
	how.moves = !how.json || !d.rt.script && navigation.ByScript(d.r.Header)
	switch {
	case a.next:
		how.answer = answerNext
	case a.start != nil:
		how.answer = answerJSON
	case a.outcome == outcomeLink:
		how.url, how.answer = a.link.URL, answerLink
	case a.to != "":
		how.url, how.answer = a.to, answerRedirect
	case a.login != nil && how.moves && !d.leadsBack(a.login):
		how.url, how.answer = a.login.Render(d.r, d.repl), answerRedirect
	default:
		return planError(d, a, how)
	}
	if how.url != "" && !how.moves {
		how.answer = answerJSON
	}
	return how
}

// planError chooses between the fallback and the error itself.
func planError(d *decision, a answer, how reply) reply {
	how.answer = answerError
	leads := outcomes[a.outcome].ours || everyday[a.outcome]
	if a.fallback == nil || a.fallback.IsError() || !leads {
		return how
	}
	switch {
	case a.fallback.IsNext():
		if !d.rt.script { // it expects JSON, which the next handler has not
			how.answer = answerNext
		}
	case d.leadsBack(a.fallback):
	case !how.moves:
		how.fallback = a.fallback
	default:
		how.url, how.answer = a.fallback.Render(d.r, d.repl), answerFallback
	}
	return how
}

// leadsBack reports whether a redirect would go round for ever. That is a route too wide, which
// nobody would notice but shoppers.
func (d *decision) leadsBack(t *target.Target) bool {
	if !t.LeadsBack(d.r) {
		return false
	}
	d.rt.loopWarning.Do(func() {
		d.rt.log.Warn("a login or fallback is answered by checkout_link itself: give the "+
			"directive a "+
			"path of its own, as in `checkout_link /upgrade pro`", zap.String("path", t.Path()))
	})
	return true
}

// write answers in the chosen form.
func write(w http.ResponseWriter, d *decision, a answer, how reply) error {
	switch {
	case a.start != nil:
		return writeJSON(w, http.StatusOK, "application/json", a.start)
	case how.answer == answerJSON && a.outcome == outcomeLink:
		return writeLinkJSON(w, d, a.link)
	case how.answer == answerJSON:
		return writeJSON(w, http.StatusOK, "application/json", map[string]string{
			"url": target.Absolute(d.r, how.url),
		})
	case how.url != "":
		return redirect(w, d.r.Header, how.url)
	case a.outcome == gate.Prefetch && !d.rt.script:
		// Never a page and never handle_errors: a framework shows an HTML answer of its guess when
		// the shopper clicks, and asks again after anything else.
		return writeText(w, outcomes[a.outcome].status, outcomes[a.outcome].text)
	case outcomes[a.outcome].text == "":
		setHeaders(w)
		w.WriteHeader(outcomes[a.outcome].status)
		return nil
	}
	return writeError(w, d, a, how)
}

// redirect answers 303, because the client goes on with GET, whatever the method was (RFC 9110
// section 15.4.4). A script's click is sent elsewhere in its framework's way.
func redirect(w http.ResponseWriter, request http.Header, url string) error {
	setHeaders(w)
	if len(request["Hx-Request"])+len(request["X-Inertia"]) > 0 {
		navigation.To(w, request, url)
		return nil
	}
	w.Header()["Location"] = []string{url}
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// setHeaders sets what every answer of ours carries: it is for one person, for now, and says
// nothing of where they came from.
func setHeaders(w http.ResponseWriter) {
	// One backing array for all four; capped, so that appending to one does not write into the
	// next.
	values := [...]string{"no-store", "no-referrer", "nosniff", "noindex"}
	h := w.Header()
	h["Cache-Control"] = values[0:1:1]
	h["Referrer-Policy"] = values[1:2:2]
	h["X-Content-Type-Options"] = values[2:3:3]
	h["X-Robots-Tag"] = values[3:4:4]
}

func writeLinkJSON(w http.ResponseWriter, d *decision, link linkgen.Result) error {
	return writeJSON(w, http.StatusOK, "application/json", struct {
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
		Campaign  string    `json:"campaign"`
		Variant   string    `json:"variant,omitempty"`
	}{link.URL, link.ExpiresAt.UTC().Truncate(time.Second), d.entry.Name(), d.offer.Variant})
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

// writeError answers a failure: as a problem document (RFC 9457) to clients that prefer JSON, else
// by handing the error to the site's handle_errors if that answers it, else as a sentence.
func writeError(w http.ResponseWriter, d *decision, a answer, how reply) error {
	o := outcomes[a.outcome]
	status, text := o.status, cmp.Or(a.text, o.text)
	if a.outcome == string(linkgen.Unavailable) && a.retryAfter > 0 {
		status = http.StatusServiceUnavailable // the breaker is open, and says until when
	}
	setHeaders(w)
	setErrorHeaders(w.Header(), a, status)
	if !how.json {
		err := caddyhttp.Error(status, errors.New(text))
		if d.rt.errorPages.Answers(w, d.r, d.rt.self, err) {
			return err
		}
		return writeText(w, status, text)
	}
	problem := map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"detail": text, "outcome": a.outcome,
	}
	if how.fallback != nil {
		problem["fallback"] = target.Absolute(d.r, how.fallback.Render(d.r, d.repl))
	}
	if a.login != nil {
		problem["login"] = target.Absolute(d.r, a.login.Render(d.r, d.repl))
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
