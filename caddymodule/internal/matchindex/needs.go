// Package matchindex finds, of a long list of campaigns, those that could match a request, without
// asking the others: a shop with a campaign for each of a thousand partners pays for the one that
// matches. It knows what a campaign's matchers need of a request, such as a parameter of the query
// with one of some values; a campaign whose need the request does not meet cannot match, and its
// matchers cannot fail either. What it does not understand is always asked.
package matchindex

import (
	"encoding/json"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// The kinds of keys: what of a request is compared.
const (
	Partner     = "partner"     // who has sent the visitor
	Query       = "query"       // a parameter
	Header      = "header"      // a field, by its canonical name
	Path        = "path"        // the whole path, in lower case
	Var         = "vars"        // a variable of Caddy's, or a placeholder in braces
	Placeholder = "placeholder" // in an expression
	Claim       = "claim"       // of the verified user, by its path
)

// Key is a part of a request.
type Key struct{ Kind, Name string }

// Need says that a part of the request must have one of some values.
type Need struct {
	Key
	Values []string
}

// infallible are matchers that never fail and leave nothing behind for others, so that they need not
// be asked where another one of their set refuses. (A regexp sets placeholders.)
var infallible = []string{
	"path", "query", "header", "host", "method", "protocol", "vars", "checkout_claim",
}

// NeedsOf are the needs of one set of matchers, all of which must be met: any of them will do. There
// are none where the set is not understood.
func NeedsOf(set caddy.ModuleMap) []Need {
	if raw, is := set["expression"]; is {
		for name := range set {
			if name != "expression" && !slices.Contains(infallible, name) {
				return nil
			}
		}
		// An expression may fail, unless it is the one that refuses.
		return expressionNeeds(raw)
	}
	var needs []Need
	for name, raw := range set {
		if !slices.Contains(infallible, name) {
			return nil
		}
		needs = append(needs, needsOf(name, raw)...)
	}
	return needs
}

func needsOf(name string, raw json.RawMessage) (needs []Need) {
	switch name {
	case "path":
		var paths []string
		if json.Unmarshal(raw, &paths) == nil && exact(paths, "*?[\\%{") {
			for i := range paths {
				paths[i] = strings.ToLower(paths[i])
			}
			needs = append(needs, Need{Key{Path, ""}, paths})
		}
	case "query":
		for param, values := range lists(raw) {
			if exact([]string{param}, "{") && exact(values, "*{") {
				needs = append(needs, Need{Key{Query, param}, values})
			}
		}
	case "header":
		for field, values := range lists(raw) {
			field = textproto.CanonicalMIMEHeaderKey(field)
			if field != "Host" && field != "Transfer-Encoding" && exact(values, "*{") {
				needs = append(needs, Need{Key{Header, field}, values})
			}
		}
	case "vars":
		// Of several variables one is enough.
		if vars := lists(raw); len(vars) == 1 {
			for name, values := range vars {
				if exact(values, "{") && settled(strings.Trim(name, "{}")) {
					needs = append(needs, Need{Key{Var, name}, values})
				}
			}
		}
	case "checkout_claim":
		var matcher struct {
			Claims []struct {
				Path   string
				Values []string
			}
		}
		_ = json.Unmarshal(raw, &matcher)
		for _, c := range matcher.Claims {
			needs = append(needs, Need{Key{Claim, c.Path}, c.Values})
		}
	}
	return needs
}

func lists(raw json.RawMessage) (m map[string][]string) {
	_ = json.Unmarshal(raw, &m) // what is no such object has no needs
	return m
}

// exact reports whether there are values, none of which holds one of the characters.
func exact(values []string, characters string) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool {
		return strings.ContainsAny(v, characters)
	})
}

// equality is a comparison of a placeholder with a text, and nothing else.
var equality = regexp.MustCompile(`^\s*\{([\w.-]+)\}\s*==\s*(?:"([^"'{}]*)"|'([^"'{}]*)')\s*$`)

var (
	literal = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	named   = regexp.MustCompile(`\{[\w.-]+\}`)
)

// expressionNeeds are the comparisons that must all hold. Of CEL, `false && x` is false whatever x
// is, a failure included.
func expressionNeeds(raw json.RawMessage) (needs []Need) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var named struct{ Expr string }
		if json.Unmarshal(raw, &named) != nil {
			return nil
		}
		text = named.Expr
	}
	if !isConjunction(text) {
		return nil
	}
	for part := range strings.SplitSeq(text, "&&") {
		if m := equality.FindStringSubmatch(part); m != nil && settled(m[1]) {
			needs = append(needs, Need{Key{Placeholder, m[1]}, []string{m[2] + m[3]}})
		}
	}
	return needs
}

// isConjunction reports whether each && of an expression stands between conditions that must all
// hold. One with anything that could change what a part of it means, such as a parenthesis before it
// or the text, list or map in which it stands, is not understood.
func isConjunction(text string) bool {
	for _, mark := range [...]string{"||", "//", `"""`, "'''"} {
		if strings.Contains(text, mark) {
			return false
		}
	}
	if strings.ContainsAny(text, "()?\\`") {
		return false
	}
	for _, l := range literal.FindAllString(text, -1) {
		if strings.ContainsAny(l[1:len(l)-1], `&"'`) {
			return false
		}
	}
	rest := named.ReplaceAllString(literal.ReplaceAllString(text, ""), "")
	return !strings.ContainsAny(rest, `[]{}"'`)
}

// settled reports whether a placeholder says the same before any matcher was asked. A body can be
// read once, and by the one who wants it; a regexp, or a file that was found, is what another
// campaign's matcher has left behind.
func settled(name string) bool {
	return !strings.Contains(name, "body") && !strings.HasPrefix(name, "http.regexp.") &&
		!strings.HasPrefix(name, "http.matchers.")
}
