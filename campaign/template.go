package campaign

import (
	"errors"
	"strings"
)

// Part is a piece of a configured value: a literal or, if Key is not empty, a placeholder.
type Part struct {
	Literal string
	Key     string
}

// template is a value with placeholders, cut at them.
type template []Part

// errNoParser is the error of noPlaceholders. It tells the caller of the library which field to
// set.
var errNoParser = errors.New("has a brace, but nothing reads placeholders here:" +
	" set Options.ParseTemplate")

// noPlaceholders is the parser for callers that have no placeholders. A brace is refused rather
// than taken as it is: it is nearly always a placeholder, and a shopper would read it.
func noPlaceholders(text string) ([]Part, error) {
	if strings.ContainsAny(text, "{}") {
		return nil, errNoParser
	}
	return []Part{{Literal: text}}, nil
}

// constant returns the text of a template without placeholders.
func (t template) constant() (string, bool) {
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
func (t template) keys() []string {
	var keys []string
	for _, part := range t {
		if part.Key != "" {
			keys = append(keys, part.Key)
		}
	}
	return keys
}
