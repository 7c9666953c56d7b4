package linkgen

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// looseObject is a JSON object whose members are read one by one and only when asked for. A nil looseObject has no
// members: whoever asks for a member of a missing object gets nothing.
//
// Reading goes no deeper than the code asks, so nested input costs one scan per level asked for, and no stack.
type looseObject map[string]json.RawMessage

// readObject reads a JSON object and nothing but an object.
func readObject(raw []byte) (looseObject, bool) {
	var o looseObject
	raw = bytes.Trim(raw, " \t\r\n") // JSON's white space, which is less than Go's
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &o) != nil {
		return nil, false
	}
	return o, true
}

// object returns the member as an object; JSON text that holds an object will do. All else, the empty array that PHP
// writes for an empty object too, has no members.
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

// text returns the first of the named members that is a text or a number, numbers as they were written. Text that is
// too long, not UTF-8 or not printable counts as absent.
func (o looseObject) text(names ...string) string {
	for _, name := range names {
		if text := scalar(o[name]); text != "" {
			return text
		}
	}
	return ""
}

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
