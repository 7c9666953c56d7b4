package matchindex

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Request reads the parts of one request that Caddy's own matchers compare.
type Request struct {
	R     *http.Request
	Repl  *caddy.Replacer
	query url.Values
	read  bool
	bad   bool // the query is malformed, and matches nothing
}

// Values are those of a part of the request.
func (q *Request) Values(key Key) (values []string, known bool) {
	switch key.Kind {
	case Query:
		if !q.read {
			var err error
			q.query, err = url.ParseQuery(q.R.URL.RawQuery)
			q.read, q.bad = true, err != nil
		}
		return q.query[key.Name], !q.bad
	case Header:
		return q.R.Header[key.Name], true
	case Path:
		return plainPath(q.R.URL.Path)
	case Var:
		if name, ok := strings.CutPrefix(key.Name, "{"); ok && strings.HasSuffix(name, "}") {
			value, _ := q.Repl.Get(strings.Trim(key.Name, "{}"))
			return asVar(value)
		}
		return asVar(caddyhttp.GetVar(q.R.Context(), key.Name))
	case Placeholder:
		switch value, _ := q.Repl.Get(key.Name); value := value.(type) {
		case string:
			return []string{value}, true
		case nil:
			return nil, true // null equals no text
		}
	}
	return nil, false
}

// plainPath is a path that Caddy's matcher compares as it is, but for case.
func plainPath(path string) ([]string, bool) {
	if path == "" || strings.Contains(path, "//") || strings.Contains(path, "/.") ||
		strings.HasSuffix(path, ".") || strings.HasSuffix(path, " ") || strings.Contains(path, "\\") {
		return nil, false
	}
	return []string{strings.ToLower(path)}, true
}

// asVar is a variable as Caddy's matcher reads it.
func asVar(value any) ([]string, bool) {
	switch value := value.(type) {
	case string:
		return []string{value}, true
	case nil:
		return []string{""}, true
	}
	return nil, false
}
