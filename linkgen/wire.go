package linkgen

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file holds everything that is Zotlo's: names on the wire, and every guess about what its published material
// leaves open. The reference is "Generate Personalized Link",
// https://docs.zotlo.com/integrating-zotlo/api-reference/checkout-endpoints/generate-personalized-link,
// with "API Introduction" and "Error Handling" beside it.

const (
	defaultAPI   = "https://api.zotlo.com"
	endpointPath = "/v2/app-to-web/one-link"

	// linkLife is how long Zotlo keeps a personal link.
	linkLife = time.Hour
	// maxAnswer bounds what is read of an answer, after decompression if a transport does that.
	maxAnswer = 64 << 10
)

// The error codes of Zotlo's page "Error Handling" that say more than their status does.
const (
	codeNoEndpoint  = "404001"
	codeCredentials = "401002"
	codeInternal    = "500000"
)

// wireHeader is one header field of a call.
type wireHeader struct {
	name, value string
	secret      bool
}

// headers are what every call carries. Language chooses the language of error messages, which nobody reads but us.
func (p *project) headers() []wireHeader {
	all := []wireHeader{
		{name: "Content-Type", value: "application/json"},
		{name: "Accept", value: "application/json"},
		{name: "User-Agent", value: "caddy-checkout"},
		{name: "Language", value: "en"},
		{name: "AccessKey", value: p.AccessKey, secret: true},
		{name: "AccessSecret", value: p.AccessSecret, secret: true},
	}
	if p.ApplicationID != "" {
		all = append(all, wireHeader{name: "ApplicationId", value: p.ApplicationID})
	}
	return all
}

// wireBody is the request's JSON object. Scalars are strings, as in Zotlo's sample, and what has no value is left out.
// The fields that Order has names for are written last: a Field cannot replace them.
func (p *project) wireBody(o *Order, checkout string) map[string]any {
	body := make(map[string]any, 8+len(o.Fields))
	set := func(name, value string) {
		if value != "" {
			body[name] = value
		}
	}
	for _, f := range o.Fields {
		set(f.Name, f.Value)
	}
	for _, name := range []string{"subscriberId", "subscriberIpAddress", "customPrice", "customCurrency"} {
		delete(body, name)
	}
	body["applicationKey"] = p.ApplicationKey
	body["checkoutLinkId"] = o.LinkID
	body["language"] = "en"
	set("language", o.Language)
	set("subscriberId", o.Subscriber.ID)
	if o.IP.IsValid() {
		body["subscriberIpAddress"] = canonicalIP(o.IP).String()
	}
	set("customPrice", o.Price)
	set("customCurrency", o.Currency)
	parameters := nest(o.Parameters)
	delete(parameters, "checkout")
	if checkout != "" {
		parameters["checkout"] = checkout
	}
	body["customParameters"] = parameters
	return body
}

// answer is what an API answer says, before it is judged.
type answer struct {
	status    int    // of HTTP, or meta.httpStatus where HTTP says 200 and meta knows better
	code      string // meta.errorCode, empty for none
	requestID string
	link      string
}

// readAnswer decodes tolerantly: errorCode may be a number or a text, result an object or an empty array, meta may be
// missing, the body may be no JSON at all.
func readAnswer(status int, body []byte) answer {
	a := answer{status: status}
	top, ok := readObject(body)
	if !ok {
		return a
	}
	meta := top.object("meta")
	a.requestID = label(meta.text("requestId"))
	if code := label(meta.text("errorCode")); strings.Trim(code, "0") != "" {
		a.code = code
	}
	inner, err := strconv.Atoi(meta.text("httpStatus"))
	if err == nil && status == http.StatusOK && 400 <= inner && inner < 600 {
		a.status = inner
	}
	a.link = findLink(top)
	return a
}

// findLink looks where the link should be, result.onelink, then in the two places it may be if that guess is wrong:
// one object further down (the form URL of the v1 API was), or at the top.
func findLink(top looseObject) string {
	result := top.object("result") // [] on errors
	if link := linkText(result["onelink"]); link != "" {
		return link
	}
	for _, name := range slices.Sorted(maps.Keys(result)) {
		if link := linkText(result.object(name)["onelink"]); link != "" {
			return link
		}
	}
	return linkText(top["onelink"])
}

// linkText is a JSON text exactly as it was sent: a link is checked, never mended.
func linkText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// label makes what the API sent fit for a log line: codes and request ids are short and plain, or they are not shown.
func label(s string) string {
	if len(s) > 64 {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == ':') {
			return ""
		}
	}
	return s
}

// judge turns an answer into nil, for one that holds a link, or the error that it means. Codes are believed before the
// status: which status comes with which code is not published.
func (a answer) judge() *Error {
	e := &Error{Code: a.code, RequestID: a.requestID, Status: a.status}
	say := func(r Reason, result string) *Error {
		e.Reason, e.result = r, result
		e.cause = causeOf(result)
		return e
	}
	switch {
	case a.code == codeCredentials, a.code == "" && a.status == http.StatusUnauthorized:
		return say(Refused, resultCredentials)
	case a.code == codeNoEndpoint, a.code == "" && a.status == http.StatusNotFound:
		return say(Refused, resultCredentials)
	case a.status == http.StatusTooManyRequests:
		return say(Throttled, resultThrottled)
	case a.code == codeInternal, a.status >= 500:
		return say(Unavailable, resultServerError)
	case a.status >= 400:
		return say(Refused, resultRefused)
	case a.code != "":
		return a.judgeCode(say)
	case a.status != http.StatusOK, a.link == "":
		return say(Refused, resultBadAnswer)
	}
	return nil
}

// judgeCode reads a code inside a 200: the first three digits are a status.
func (a answer) judgeCode(say func(Reason, string) *Error) *Error {
	switch {
	case strings.HasPrefix(a.code, "429"):
		return say(Throttled, resultThrottled)
	case len(a.code) == 6 && a.code[0] == '5':
		return say(Unavailable, resultServerError)
	}
	return say(Refused, resultRefused)
}

// retryAfter reads a Retry-After header (RFC 9110 section 10.2.3): seconds or a date. The API publishes none, so what is
// absent, zero or nonsense counts as the least pause, and what is too long as the longest.
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
