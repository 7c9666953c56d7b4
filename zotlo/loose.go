package zotlo

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// looseObject is a JSON object whose members are read one by one and only when asked for. A nil
// looseObject has no members: a caller that asks for a member of a missing object gets nothing.
//
// Reading goes no deeper than the code asks, so nested input costs one scan per level asked for,
// and no stack.
type looseObject map[string]json.RawMessage

// readObject reads a JSON object and nothing but an object. Of a member that is named twice the
// last one counts, as in encoding/json. What was sent is not proven in any case.
func readObject(raw []byte) (looseObject, bool) {
	var o looseObject
	raw = bytes.Trim(raw, " \t\r\n") // JSON's white space, which is less than Go's
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &o) != nil {
		return nil, false
	}
	return o, true
}

// list reads an array: its values, in their order. PHP writes an array whose indexes have a gap as
// an object with numbers for names, and JSON text that holds an array will do as well; null and an
// empty text are an empty list. Everything else is no list.
func list(raw json.RawMessage) (values []json.RawMessage, ok bool) {
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
		if text == "" {
			return nil, true
		}
	}
	if json.Unmarshal(raw, &values) == nil { // null, too
		return values, true
	}
	object, ok := readObject(raw)
	names := slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	for _, name := range names {
		if !isDigits(name) {
			return nil, false
		}
		values = append(values, object[name])
	}
	return values, ok
}

// has reports whether there is such a member that is not null.
func (o looseObject) has(name string) bool {
	raw, ok := o[name]
	return ok && string(raw) != "null"
}

// object returns the member as an object; JSON text that holds an object will do. All else, the
// empty array that PHP writes for an empty object too, has no members.
func (o looseObject) object(name string) looseObject {
	raw := o[name]
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	inner, _ := readObject(raw)
	return inner
}

// maxLooseText is the longest text a member may have: four times an e-mail address.
const maxLooseText = 1024

// text returns the first of the named members that is a text or a number, numbers as they were
// written. Text that is too long, not UTF-8 or not printable counts as absent.
func (o looseObject) text(names ...string) string {
	for _, name := range names {
		if text := scalar(o[name]); text != "" {
			return text
		}
	}
	return ""
}

// scalar is the text of a JSON string, without blanks at its ends, or of a number as it was
// written. Everything else is empty: true, null, objects and arrays.
func scalar(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	switch c := raw[0]; {
	case c == '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return ""
		}
		return printable(strings.TrimSpace(text))
	case c == '-', '0' <= c && c <= '9':
		return printable(string(raw))
	}
	return ""
}

// printable returns text if it is short, valid UTF-8 and fit to print, else nothing. Texts of a
// webhook end up in logs and keys, where a line break would do harm.
func printable(text string) string {
	if len(text) > maxLooseText {
		return ""
	}
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ""
		}
	}
	return text
}

// flag reads true, 1, "1" and "true" as true, everything else as false.
func (o looseObject) flag(names ...string) bool {
	for _, name := range names {
		text := o.text(name)
		if string(o[name]) == "true" || text == "1" || strings.EqualFold(text, "true") {
			return true
		}
	}
	return false
}

// holds reports whether one of the named members says anything: neither null nor an empty text,
// false nor 0, nor an array or object that has nothing but these in it. JSON text that holds an
// object or array is looked into as well.
func (o looseObject) holds(names ...string) bool {
	for _, name := range names {
		if saysAnything(o[name], true) {
			return true
		}
	}
	return false
}

// saysAnything is holds for one value. It looks one level into objects and arrays: what is nested
// deeper is something.
func saysAnything(raw json.RawMessage, deeper bool) bool {
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	raw = bytes.TrimSpace(raw)
	switch text := strings.ToLower(string(raw)); {
	case text == "", text == "null", text == "false":
		return false
	case isDecimal(text):
		return strings.Trim(text, "-0.") != ""
	case text[0] != '[' && text[0] != '{', !deeper:
		return true
	}
	for _, inner := range members(raw) {
		if saysAnything(inner, false) {
			return true
		}
	}
	return !json.Valid(raw) // a text that only begins like an object is a text
}

// members are the values in an object or array, in no order.
func members(raw json.RawMessage) (all []json.RawMessage) {
	if json.Unmarshal(raw, &all) == nil {
		return all
	}
	object, _ := readObject(raw)
	return slices.Collect(maps.Values(object))
}
