// Package claimvalue gives a verified claim to Caddy as the value of a placeholder: one that is
// compared by its type in an expression, and written as the token writes it everywhere else.
package claimvalue

import (
	"encoding/json"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"
	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/auth"
)

// Of is the claim at a dotted path: a bool, a number, a string or a list. A missing claim is the
// empty string, and an object is the text of its JSON.
//
// Caddy asks for the value of a placeholder in one way, whether an expression compares it or a
// header shows it. So a value whose Go type prints other than the token is of a type that knows
// both: CEL reads json.Number as a number and traits.Lister as a list, and Caddy's replacer prints
// what has a String method by that.
func Of(user *auth.User, path string) any {
	value, ok := user.Value(path)
	switch value := value.(type) {
	case string, bool:
		return value
	case int64, uint64:
		// Beyond what an int64 holds CEL would make a json.Number a float, which is not exact.
		if text := written(user, path); caddy.ToString(value) != text {
			return json.Number(text)
		}
		return value
	case float64:
		return json.Number(written(user, path))
	case []any:
		elements := types.NewDynamicList(types.DefaultTypeAdapter, value)
		return list{elements, written(user, path)}
	}
	if !ok {
		return ""
	}
	return written(user, path)
}

// written is the claim as the token writes it.
func written(user *auth.User, path string) string {
	text, _ := user.Claim(path)
	return text
}

// list is a list of CEL's that prints as the JSON it comes from.
type list struct {
	traits.Lister
	text string
}

// String is the JSON of the list, as it stands in the token.
func (l list) String() string { return l.text }
