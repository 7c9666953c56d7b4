package auth

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// members cuts an object's text that parseObject has seen as part of a bigger one.
func members(text string) object {
	found := object{json: text}
	s := scanner{text: text}
	_ = s.object(1, &found)
	return found
}

// jsonNull is the value that says what absence says: serializers write it for what is not there.
const jsonNull = "null"

// get returns the JSON text of the member called name. One that is null is not there.
func (o object) get(name string) (value string, ok bool) {
	if value, ok = o.written(name); value == jsonNull {
		return "", false
	}
	return value, ok
}

// written returns the JSON text of the member called name, be it null.
func (o object) written(name string) (value string, ok bool) {
	for _, m := range o.members {
		if o.name(m) == name {
			return o.value(m), true
		}
	}
	return "", false
}

// text returns the member called name if it is a string.
func (o object) text(name string) (text string, ok bool) {
	value, ok := o.get(name)
	if !ok || value[0] != '"' {
		return "", false
	}
	return unquote(value), true
}

// lookup follows a dotted path. At each level a member with the whole remaining path as its name
// wins, then the longest name that ends before a dot: claim names may be URLs and so hold dots
// themselves. Array elements have no path. What is null is not there.
func (o object) lookup(path string) (value string, ok bool) {
	return o.follow(path, object.get)
}

// lookupWritten is lookup for claims of which null says something: where it stands, it is the
// value.
func (o object) lookupWritten(path string) (value string, ok bool) {
	return o.follow(path, object.written)
}

// follow is the way of lookup. At its end it reads with find. Each round goes one object down, so
// it ends with the path.
func (o object) follow(path string, find func(object, string) (string, bool)) (string, bool) {
	for {
		if value, ok := find(o, path); ok {
			return value, true
		}
		value, rest := o.longest(path)
		if !strings.HasPrefix(value, "{") {
			return "", false
		}
		o, path = members(value), rest
	}
}

// longest finds the member with the longest name that path begins with, up to a dot, and what
// follows the dot.
func (o object) longest(path string) (value, rest string) {
	for end := len(path); ; {
		if end = strings.LastIndexByte(path[:end], '.'); end <= 0 {
			return "", ""
		}
		if value, ok := o.get(path[:end]); ok {
			return value, path[end+1:]
		}
	}
}

// caseVariant reports whether o has a member whose name is one of names but for its case. Readers
// that match names loosely, as encoding/json does for structs, would take it for the real one. The
// names are in lower case, and in ASCII.
func caseVariant(o object, names []string) bool {
	for _, m := range o.members {
		written := o.name(m)
		if isLower(written) { // as nearly all are
			continue
		}
		for _, name := range names {
			if written != name && strings.EqualFold(written, name) {
				return true
			}
		}
	}
	return false
}

// isLower reports whether a name is its own and only form in lower case: in ASCII, without capitals.
func isLower(name string) bool {
	for i := range len(name) {
		if b := name[i]; b >= 'A' && b <= 'Z' || b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// texts reads an array of strings. Not ok is what is no array, or holds anything but strings.
func texts(array string) (list []string, ok bool) {
	if array[0] != '[' {
		return nil, false
	}
	for element := range elements(array) {
		if element[0] != '"' {
			return nil, false
		}
		list = append(list, unquote(element))
	}
	return list, true
}

// elements yields the JSON text of each element of an array.
func elements(array string) iter.Seq[string] {
	return func(yield func(string) bool) {
		s := scanner{text: array}
		for more := s.open(']'); more; more, _ = s.next(']') {
			start := s.pos
			_ = s.value(1) // it was read before as part of the whole
			if !yield(array[start:s.pos]) {
				return
			}
		}
	}
}
