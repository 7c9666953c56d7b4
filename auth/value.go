package auth

import "slices"

// Value returns the claim at a dotted path with its type, for expressions: a bool, a string, a
// number, []any for an array, map[string]any for an object. A whole number is an int64, or a uint64
// if only that holds it, and exact however it is written; any other number is a float64, the
// nearest one. What is missing, null or empty is not ok, as with Claim. The value is a copy.
func (u *User) Value(path string) (value any, ok bool) {
	raw, there := u.claims.lookup(path)
	if !there || raw == `""` {
		return nil, false
	}
	return typed(raw), true
}

// ClaimIs reports whether the claim at path is one of values: a string that is equal, true or false
// as JSON writes them, or a number of the same value, such as 10 and 10.0. Of an array any element
// counts. An object, and what is missing, null or empty, is none of any values.
func (u *User) ClaimIs(path string, values ...string) bool {
	raw, there := u.claims.lookup(path)
	if !there {
		return false
	}
	if raw[0] != '[' {
		return isOneOf(raw, values)
	}
	for element := range elements(raw) {
		if isOneOf(element, values) {
			return true
		}
	}
	return false
}

// isOneOf compares one JSON value with texts. Arrays and objects inside of an array are no values
// that anybody could write in a config. An empty string is none of any values, as absence is.
func isOneOf(raw string, values []string) bool {
	switch raw[0] {
	case '[', '{', 'n':
		return false
	case 't', 'f':
		return slices.Contains(values, raw)
	case '"':
		text := unquote(raw)
		return text != "" && slices.Contains(values, text)
	}
	number, known := parseDecimal(raw)
	return slices.ContainsFunc(values, func(value string) bool {
		other, ok := parseDecimal(value)
		return value == raw || known && ok && other == number
	})
}

// typed makes a Go value of a JSON text. The types are those that CEL takes without a converter.
// The text was parsed before, so it is well-formed and nests no deeper than maxDepth.
func typed(raw string) any {
	switch raw[0] {
	case '"':
		return unquote(raw)
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	case '[':
		list := []any{}
		for element := range elements(raw) {
			list = append(list, typed(element))
		}
		return list
	case '{':
		values, inner := map[string]any{}, members(raw)
		for _, m := range inner.members {
			values[inner.name(m)] = typed(inner.value(m))
		}
		return values
	}
	return numeric(raw)
}
