package auth

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// This file reads JSON as strictly as a signature deserves: two programs that read the same token
// must find the same claims in it. encoding/json takes the last of two equal names and repairs
// invalid text.

// maxDepth bounds how deeply objects and arrays may nest. Real tokens nest two or three levels.
const maxDepth = 32

// What parseObject refuses. None of the texts quotes the document.
var (
	errNotObject  = errors.New("not one JSON object in UTF-8")
	errTooDeep    = errors.New("JSON nests too deeply")
	errDuplicate  = errors.New("a JSON object names a member twice")
	errSurrogates = errors.New("a JSON string holds half of a surrogate pair")
)

// object is the text of one JSON object, found well-formed by parseObject, and where its members
// stand in it. The values stay texts until somebody asks for one: most claims of a token are never
// looked at, and a number keeps all of its digits. Places are numbers and not strings, so that the
// garbage collector has nothing to follow in the members of thousands of remembered tokens.
type object struct {
	json    string
	members []member
	// escaped are the names that are written with escapes, unescaped: hardly ever any.
	escaped []string
}

// member is one member of an object: where its name stands, without the quotes, and its value. A
// name that ends at 0 is the one with that number in object.escaped.
type member struct{ name, nameEnd, value, valueEnd uint32 }

// name is the name of a member, unescaped.
func (o *object) name(m member) string {
	if m.nameEnd == 0 {
		return o.escaped[m.name]
	}
	return o.json[m.name:m.nameEnd]
}

// value is the JSON text of a member's value.
func (o *object) value(m member) string { return o.json[m.value:m.valueEnd] }

// add adds the member whose quoted name begins at a place of the text. The name is given unescaped
// as well.
func (o *object) add(at int, name string, value, valueEnd int) {
	m := member{uint32(at + 1), uint32(at + 1 + len(name)), uint32(value), uint32(valueEnd)}
	if o.json[m.name:m.nameEnd] != name {
		m.name, m.nameEnd = uint32(len(o.escaped)), 0
		o.escaped = append(o.escaped, name)
	}
	o.members = append(o.members, m)
}

// usualMembers is room for the members of most tokens.
const usualMembers = 12

// parseObject reads exactly one JSON object and refuses what two readers could understand
// differently: members named twice (compared after unescaping, at every level), invalid UTF-8, half
// surrogate pairs, and anything before or after the object. See RFC 8259 sections 4 and 8.2, and
// RFC 8725 section 3.7.
//
// The data is the object's from then on: nobody may change it.
func parseObject(data []byte) (object, error) {
	s := scanner{text: unsafe.String(unsafe.SliceData(data), len(data))}
	s.blanks()
	if !utf8.Valid(data) || s.peek() != '{' {
		return object{}, errNotObject
	}
	found := object{json: s.text, members: make([]member, 0, usualMembers)}
	if err := s.object(1, &found); err != nil {
		return object{}, err
	}
	if s.blanks(); s.pos != len(s.text) {
		return object{}, errNotObject
	}
	return found, nil
}

// unquote turns a well-formed JSON string into its text, without a copy where nothing is escaped.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal([]byte(quoted), &text)
	return text
}

// names is a set that allocates nothing while it is small and stays linear when it is not.
type names struct {
	few   [16]string
	count int
	many  map[string]struct{}
}

// add reports whether name is new.
func (n *names) add(name string) bool {
	if n.many != nil {
		_, old := n.many[name]
		n.many[name] = struct{}{}
		return !old
	}
	if slices.Contains(n.few[:n.count], name) {
		return false
	}
	n.few[n.count] = name
	n.count++
	// From here on a list would make each name cost as much as all before it.
	if n.count == len(n.few) {
		n.many = make(map[string]struct{}, 64)
		for _, old := range n.few {
			n.many[old] = struct{}{}
		}
	}
	return true
}
