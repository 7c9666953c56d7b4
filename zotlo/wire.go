package zotlo

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// This file holds what all endpoints of Zotlo's API have in common: headers, the envelope of an
// answer, error codes, and every guess about what the published material leaves open. The reference
// is https://docs.zotlo.com/integrating-zotlo/api-reference, "API Introduction" and "Error
// Handling".

// maxAnswer bounds what is read of an answer, after decompression if a transport does that.
const maxAnswer = 64 << 10

// The error codes of Zotlo's page "Error Handling" that say more than their status does.
const (
	codeNoEndpoint  = "404001"
	codeCredentials = "401002"
	codeSubscriber  = "400008" // the subscriberId is invalid
	codeInternal    = "500000"
)

// wireHeader is one header field of a call.
type wireHeader struct {
	name, value string
	secret      bool
}

// headers are what every call carries. Language chooses the language of error messages, which
// nobody reads but us.
func (p *Project) headers() []wireHeader {
	all := []wireHeader{
		{name: "Content-Type", value: "application/json"},
		{name: "Accept", value: "application/json"},
		{name: "User-Agent", value: "caddy-checkout"},
		{name: "Language", value: "en"},
		{name: "AccessKey", value: p.AccessKey, secret: true},
		{name: "AccessSecret", value: p.AccessSecret, secret: true},
	}
	// It is optional, and an empty header would be another thing than none.
	if p.ApplicationID != "" {
		all = append(all, wireHeader{name: "ApplicationId", value: p.ApplicationID})
	}
	return all
}

// answer is what an API answer says, before it is judged.
type answer struct {
	status     int    // of HTTP, or meta.httpStatus where HTTP says 200 and meta knows better
	code       string // meta.errorCode, empty for none
	requestID  string
	retryAfter time.Duration // what a 429 asks for
	body       looseObject
}

// readAnswer decodes tolerantly: errorCode may be a number or a text, meta may be missing, the body
// may be no JSON at all. A meta.httpStatus counts only beside an HTTP 200, and only if it is an
// error: else HTTP itself knows better.
func readAnswer(status int, body []byte) answer {
	a := answer{status: status, retryAfter: minPause}
	top, ok := readObject(body)
	if !ok {
		return a
	}
	a.body = top
	meta := top.object("meta")
	a.requestID = label(meta.text("requestId"))
	if code := label(meta.text("errorCode")); strings.Trim(code, "0") != "" {
		a.code = code
	}
	inner, err := strconv.Atoi(meta.text("httpStatus"))
	if err == nil && status == http.StatusOK && 400 <= inner && inner < 600 {
		a.status = inner
	}
	return a
}

// label makes what the API sent fit for a log line: codes and request ids are short and plain, or
// they are not shown.
func label(s string) string {
	if len(s) > 64 {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '-' && c != '_' && c != '.' && c != ':' {
			return ""
		}
	}
	return s
}

// say is the error that an answer means. Its text names the result and nothing of the answer.
// RetryAfter belongs to a 429 alone.
func (a answer) say(result string) *Error {
	e := &Error{
		Result: result, Code: a.code, RequestID: a.requestID, Status: a.status,
		cause: fmt.Errorf("the API call ended in %q", result),
	}
	if result == ResultThrottled {
		e.RetryAfter = a.retryAfter
	}
	return e
}

// judge turns an answer into nil, for one that holds a result, or the error that it means. Codes
// are believed before the status: which status comes with which code is not published. The order is
// from what concerns the whole project to what concerns one request.
func (a answer) judge() *Error {
	switch {
	case a.code == codeCredentials, a.code == "" && a.status == http.StatusUnauthorized:
		return a.say(ResultCredentials)
	case a.code == codeNoEndpoint, a.code == "" && a.status == http.StatusNotFound:
		return a.say(ResultCredentials)
	case a.status == http.StatusTooManyRequests:
		return a.say(ResultThrottled)
	case a.code == codeInternal, a.status >= 500:
		return a.say(ResultServerError)
	case a.status >= 400:
		return a.say(ResultRefused)
	case a.code != "":
		return a.judgeCode()
	case a.status != http.StatusOK:
		return a.say(ResultBadAnswer)
	}
	return nil
}

// judgeRead is judge for reads. A failure may come with HTTP 500 and a code that says what was wrong
// with the request ("Error Handling" names 400 and 500): then the code is believed. A link is not
// judged so, since a shopper's order that counts as refused is not tried again for a while.
func (a answer) judgeRead() *Error {
	if isOwnFault(a.code) {
		return a.say(ResultRefused)
	}
	return a.judge()
}

// isOwnFault reports whether a code is about the one request that it answers: 400xxx and 404xxx,
// but not the code of a wrong address.
func isOwnFault(code string) bool {
	own := strings.HasPrefix(code, "400") || strings.HasPrefix(code, "404")
	return own && len(code) == 6 && isDigits(code) && code != codeNoEndpoint
}

// judgeCode reads a code inside a 200: the first three digits are a status. What is neither a 429
// nor a 5xx is a refusal of this one request.
func (a answer) judgeCode() *Error {
	switch {
	case strings.HasPrefix(a.code, "429"):
		return a.say(ResultThrottled)
	case len(a.code) == 6 && a.code[0] == '5':
		return a.say(ResultServerError)
	}
	return a.say(ResultRefused)
}

// retryAfter reads a Retry-After header (RFC 9110 section 10.2.3): seconds or a date. The API
// publishes none, so what is absent, zero or nonsense counts as the least pause, and what is too
// long as the longest.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header != "" && strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.ParseUint(header, 10, 32)
		if err != nil {
			return maxPause
		}
		return min(max(time.Duration(seconds)*time.Second, minPause), maxPause)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), minPause), maxPause)
	}
	return minPause
}
