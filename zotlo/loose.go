package zotlo

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
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

// price returns the first of the named members that is a decimal number, as it was written.
func (o looseObject) price(names ...string) string {
	for _, name := range names {
		if text := o.text(name); isDecimal(text) {
			return text
		}
	}
	return ""
}

// maxCount is the largest number of things that one payment is believed to buy. The bound keeps a
// forged webhook from making sums overflow.
const maxCount = 1_000_000

// count returns a whole number above 0, and 1 for what is none. PHP writes a decimal column as 2.00.
func (o looseObject) count(name string) int {
	whole, fraction, _ := strings.Cut(o.text(name), ".")
	n, err := strconv.Atoi(whole)
	if err != nil || n < 1 || n > maxCount || strings.Trim(fraction, "0") != "" {
		return 1
	}
	return n
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

// isDecimal reports whether text is digits, perhaps with a minus before them and a fraction behind.
func isDecimal(text string) bool {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return isDigits(whole) && (!point || isDigits(fraction))
}

// isDigits reports whether text is one ASCII digit or more.
func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// time returns the first of the named members that is a date: a text, or the object that PHP's
// DateTime becomes, with date, timezone_type and timezone. A date without a zone is UTC. What cannot
// be read is the zero time.
func (o looseObject) time(names ...string) time.Time {
	for _, name := range names {
		t := parseTime(o.text(name), "")
		if inner := o.object(name); inner != nil {
			t = parseTime(inner.text("date"), inner.text("timezone"))
		}
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// parseTime reads RFC 3339, or the form that Zotlo's samples have: date and time with a blank
// between them, in zone. PHP's fractions of a second are taken as well, as time.Parse does. The
// result is in UTC.
func parseTime(text, zone string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC()
	}
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, location(zone))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// location reads the three kinds of zone that PHP writes: an offset, an abbreviation and a name. A
// zone that is not known is read as UTC, which is what Zotlo's samples have.
func location(zone string) *time.Location {
	if t, err := time.Parse("-07:00", zone); err == nil {
		return t.Location()
	}
	// Local would be this machine's zone, which says nothing about Zotlo's.
	if zone == "" || zone == "Local" {
		return time.UTC
	}
	if l, err := time.LoadLocation(zone); err == nil {
		return l
	}
	return time.UTC
}
