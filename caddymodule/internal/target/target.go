// Package target knows the URLs that a shopper may be sent to: a login, a fallback, a page for
// those who have paid. No request can move one elsewhere.
package target

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/campaign"
)

// Target is a configured URL that a shopper may be sent to, or one of the words `error` and `next`.
// Placeholders stand only after the question mark and are escaped there. It is immutable.
type Target struct {
	word  string // Error or Next, else empty
	host  string // as browsers send it; empty when the URL is relative
	path  string
	fixed string // the URL up to its first placeholder
	query []campaign.Part
}

// The words that stand for a target.
const (
	errorWord = "error"
	nextWord  = "next"
)

// IsError reports whether the target is the word for answering with an error.
func (t *Target) IsError() bool { return t.word == errorWord }

// IsNext reports whether the target is the word for handing the request on.
func (t *Target) IsNext() bool { return t.word == nextWord }

// Path is the path of the URL; it is empty for a word.
func (t *Target) Path() string { return t.path }

// ParseFallback reads a fallback; an empty text gives nil: nothing was said.
func ParseFallback(text string) (*Target, error) {
	switch text {
	case "":
		return nil, nil
	case errorWord, nextWord:
		return &Target{word: text}, nil
	}
	t, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("fallback: %w", err)
	}
	return t, nil
}

// Parse reads a URL: absolute http(s), or relative to the site.
func Parse(text string) (*Target, error) {
	for _, r := range text {
		if r < ' ' || r == 0x7f || r == '\\' {
			return nil, fmt.Errorf("%q holds a control character or a backslash", text)
		}
	}
	before, query, hasQuery := strings.Cut(text, "?")
	if strings.ContainsAny(before, "{}") {
		return nil, fmt.Errorf("%q: a placeholder may stand only after the ?, so that no "+
			"request chooses where shoppers go", text)
	}
	u, err := url.Parse(before)
	if err != nil {
		return nil, fmt.Errorf("%q is not a URL", text)
	}
	if u.User != nil {
		return nil, fmt.Errorf("%q: a user name or password in the URL is refused", text)
	}
	switch {
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(before, "/") &&
		!strings.HasPrefix(before, "//"):
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
	default:
		return nil, fmt.Errorf("%q is not a path such as /pricing or an address such as "+
			"https://shop.example.com/pricing", text)
	}
	if hasDotSegment(u.EscapedPath()) {
		return nil, fmt.Errorf("%q: browsers resolve the segments . and .. of a path: write the "+
			"path that they arrive at", text)
	}
	t := &Target{host: authority(u), path: u.Path, fixed: before}
	if t.path == "" {
		t.path = "/"
	}
	if !hasQuery {
		return t, nil
	}
	if placeholder.HasOpenBrace(query) {
		return nil, fmt.Errorf("%q: a { opens no placeholder: close it with }, or write %%7B "+
			"for the brace itself", text)
	}
	t.fixed += "?"
	if t.query, err = placeholder.ParseForRequest(query); err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	return t, nil
}

// Render returns the URL for one request.
func (t *Target) Render(r *http.Request, repl *caddy.Replacer) string {
	if len(t.query) == 0 {
		return t.fixed
	}
	var b strings.Builder
	b.WriteString(t.fixed)
	for _, part := range t.query {
		switch part.Key {
		case "":
			b.WriteString(part.Literal)
		case placeholder.Ours + "return_to":
			b.WriteString(url.QueryEscape(ReturnTo(r)))
		default:
			value, _ := repl.GetString(part.Key)
			b.WriteString(url.QueryEscape(value))
		}
	}
	return b.String()
}

// String is the target as it was written; empty when nothing was.
func (t *Target) String() string {
	if t == nil {
		return ""
	}
	var text strings.Builder
	text.WriteString(t.word + t.fixed) // one of them is empty
	for _, part := range t.query {
		if part.Key != "" {
			text.WriteString("{" + part.Key + "}")
		}
		text.WriteString(part.Literal)
	}
	return text.String()
}

// LeadsBack reports whether t is where the request already is: a redirect there would go round for
// ever.
func (t *Target) LeadsBack(r *http.Request) bool {
	return t.IsOf(r) && t.path == originalURL(r).Path
}

// hasDotSegment reports whether a path, as it is written in a URL, is another one to browsers.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(strings.ReplaceAll(strings.ToLower(path), "%2e", "."),
		"/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// authority is a URL's host as browsers send it: they leave out the port that the scheme implies.
func authority(u *url.URL) string {
	host := strings.TrimSuffix(u.Host, ":"+u.Port())
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || u.Scheme == "http" && port == 80 || u.Scheme == "https" && port == 443 {
		return host
	}
	return host + ":" + strconv.FormatUint(port, 10)
}

// withoutDefaultPort cuts both, because a proxy may have ended TLS before us.
func withoutDefaultPort(host string) string {
	return strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
}

// ReturnTo is the request's own path and query as the browser sent it, always a path on this site:
// never scheme-relative (//elsewhere), whatever stands in the path.
func ReturnTo(r *http.Request) string {
	u := originalURL(r)
	path := "/" + strings.TrimLeft(u.EscapedPath(), "/")
	if u.RawQuery == "" {
		return path
	}
	return path + "?" + u.RawQuery
}

// originalURL is the URL before any rewrite in this server.
func originalURL(r *http.Request) *url.URL {
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok &&
		original.URL != nil {
		return original.URL
	}
	return r.URL
}
