package auth

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// This file reads JSON as strictly as a signature deserves: two programs that read the same token
// must find the same claims in it. encoding/json takes the last of two equal names and repairs
// invalid text, so it only checks the grammar here.

// maxDepth bounds how deeply objects and arrays may nest. Real tokens nest two or three levels.
const maxDepth = 32

// What parseObject refuses. None of the texts quotes the document.
var (
	errNotObject  = errors.New("not one JSON object in UTF-8")
	errTooDeep    = errors.New("JSON nests too deeply")
	errDuplicate  = errors.New("a JSON object names a member twice")
	errSurrogates = errors.New("a JSON string holds half of a surrogate pair")
)

// object is the text of one JSON object, found well-formed by parseObject, cut into its members.
// The values stay texts until somebody asks for one: most claims of a token are never looked at,
// and a number keeps all of its digits.
type object []member

// member is one name of an object, unescaped, and the JSON text of its value.
type member struct{ name, value string }

// parseObject reads exactly one JSON object and refuses what two readers could understand
// differently: members named twice (compared after unescaping, at every level), invalid UTF-8, half
// surrogate pairs, and anything before or after the object. See RFC 8259 sections 4 and 8.2, and
// RFC 8725 section 3.7.
func parseObject(data []byte) (object, error) {
	// The grammar is the standard library's business; what is left to us is what it lets pass.
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, errNotObject
	}
	s := scanner{text: string(data)}
	s.blanks()
	if s.text[s.pos] != '{' {
		return nil, errNotObject
	}
	members := make(object, 0, 12)
	err := s.object(1, func(m member) { members = append(members, m) })
	if err != nil {
		return nil, err
	}
	return members, nil
}

// scanner walks JSON that is known to be well-formed, so it checks no grammar and cannot run past
// the end.
type scanner struct {
	text string
	pos  int
}

// blanks moves over white space (RFC 8259 section 2).
func (s *scanner) blanks() {
	for s.pos < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// value walks over one value that sits depth levels down. Numbers and the three literals end where
// a comma, a bracket or white space begins. Its depth counts from one, the document itself.
func (s *scanner) value(depth int) error {
	switch s.text[s.pos] {
	case '{':
		return s.object(depth+1, nil)
	case '[':
		return s.array(depth + 1)
	case '"':
		_, err := s.string()
		return err
	}
	for s.pos < len(s.text) && strings.IndexByte(",]} \t\r\n", s.text[s.pos]) < 0 {
		s.pos++
	}
	return nil
}

// array walks over an array. Its elements are checked and not kept.
func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	s.pos++
	s.blanks()
	for s.text[s.pos] != ']' {
		if err := s.value(depth); err != nil {
			return err
		}
		s.next()
	}
	s.pos++
	return nil
}

// object walks over an object and hands its members to each, if that is not nil.
func (s *scanner) object(depth int, each func(member)) error {
	if depth > maxDepth {
		return errTooDeep
	}
	var seen names
	s.pos++
	s.blanks()
	for s.text[s.pos] != '}' {
		quoted, err := s.string()
		if err != nil {
			return err
		}
		// Names are compared after unescaping: "\u0061lg" is alg to any reader.
		name := unquote(quoted)
		if !seen.add(name) {
			return errDuplicate
		}
		s.blanks()
		s.pos++ // the colon
		s.blanks()
		start := s.pos
		if err := s.value(depth); err != nil {
			return err
		}
		if each != nil {
			each(member{name, s.text[start:s.pos]})
		}
		s.next()
	}
	s.pos++
	return nil
}

// next moves over a comma to the next element, or stays at the closing bracket.
func (s *scanner) next() {
	s.blanks()
	if s.text[s.pos] == ',' {
		s.pos++
		s.blanks()
	}
}

// string walks over a string and returns it with its quotes. Escapes are not resolved, but each
// half of a surrogate pair must have its other half (RFC 8259 section 8.2): readers replace a lone
// one in different ways.
func (s *scanner) string() (quoted string, err error) {
	start := s.pos
	for s.pos++; s.text[s.pos] != '"'; s.pos++ {
		if s.text[s.pos] != '\\' {
			continue
		}
		s.pos++
		if s.text[s.pos] != 'u' {
			continue
		}
		switch unit := s.unit(s.pos + 1); {
		// A low half, with no high half before it.
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return "", errSurrogates
		// A high half: the low one must follow at once, escaped as well.
		case unit >= 0xD800 && unit <= 0xDBFF:
			low := s.pos + 5
			if !strings.HasPrefix(s.text[low:], `\u`) {
				return "", errSurrogates
			}
			if second := s.unit(low + 2); second < 0xDC00 || second > 0xDFFF {
				return "", errSurrogates
			}
			s.pos = low + 5
		default:
			s.pos += 4
		}
	}
	s.pos++
	return s.text[start:s.pos], nil
}

// unit reads the four hexadecimal digits at pos.
func (s *scanner) unit(pos int) uint64 {
	unit, _ := strconv.ParseUint(s.text[pos:pos+4], 16, 16)
	return unit
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

// names is a set that costs nothing while it is small and stays linear when it is not.
type names struct {
	few  []string
	many map[string]struct{}
}

// add reports whether name is new.
func (n *names) add(name string) bool {
	if n.many != nil {
		_, old := n.many[name]
		n.many[name] = struct{}{}
		return !old
	}
	if slices.Contains(n.few, name) {
		return false
	}
	n.few = append(n.few, name)
	// From here on a list would make each name cost as much as all before it.
	if len(n.few) == 16 {
		n.many = make(map[string]struct{}, 64)
		for _, old := range n.few {
			n.many[old] = struct{}{}
		}
	}
	return true
}
