package campaign

import (
	"errors"
	"fmt"
	"strings"
)

// Template is a configured value, cut at its placeholders.
type Template []Part

// Part is a literal or, when Key is not empty, a placeholder.
type Part struct {
	Literal string
	Key     string
}

// ParseTemplate cuts text at its placeholders: {key} is one, \{ and \} are literal braces, and a closing brace
// alone is literal. A key holds no blank, control character, backslash or opening brace.
//
// An opening brace that starts no placeholder is an error rather than a literal: it is nearly always a slip, and
// a shopper would read it.
func ParseTemplate(text string) (Template, error) {
	var t Template
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			t = append(t, Part{Literal: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '}'):
			i++
			literal.WriteByte(text[i])
		case c == '{':
			key, err := placeholderKey(text[i+1:])
			if err != nil {
				return nil, fmt.Errorf(`%w; write \{ for a brace`, err)
			}
			flush()
			t = append(t, Part{Key: key})
			i += len(key) + 1
		default:
			literal.WriteByte(c)
		}
	}
	flush()
	return t, nil
}

// placeholderKey reads the key that starts text and ends before its first closing brace.
func placeholderKey(text string) (string, error) {
	key, _, closed := strings.Cut(text, "}")
	switch {
	case !closed:
		return "", errors.New("placeholder is not closed")
	case key == "":
		return "", errors.New("placeholder {} has no name")
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || r == '{' }):
		return "", fmt.Errorf("placeholder name %q is malformed", key)
	}
	return key, nil
}

// constant returns the text of a template without placeholders.
func (t Template) constant() (string, bool) {
	var text strings.Builder
	for _, part := range t {
		if part.Key != "" {
			return "", false
		}
		text.WriteString(part.Literal)
	}
	return text.String(), true
}

// keys lists the placeholders of a template in the order in which they stand.
func (t Template) keys() []string {
	var keys []string
	for _, part := range t {
		if part.Key != "" {
			keys = append(keys, part.Key)
		}
	}
	return keys
}
