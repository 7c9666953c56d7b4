package auth

import (
	"strconv"
	"strings"
)

// scanner walks over JSON (RFC 8259) and checks it on the way, once: the standard library's check
// would be another walk, and each first click of a token waits for it. A test holds the two
// together.
type scanner struct {
	text string
	pos  int
}

// peek is the next byte. At the end it is 0, which stands nowhere in JSON.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// blanks moves over white space (section 2).
func (s *scanner) blanks() {
	for s.pos < len(s.text) {
		if b := s.text[s.pos]; b != ' ' && b != '\t' && b != '\n' && b != '\r' {
			return
		}
		s.pos++
	}
}

// value walks over one value that sits depth levels down. Its depth counts from one, the document
// itself.
func (s *scanner) value(depth int) error {
	switch s.peek() {
	case '{':
		return s.object(depth+1, nil)
	case '[':
		return s.array(depth + 1)
	case '"':
		_, err := s.string()
		return err
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal(jsonNull)
	}
	return s.number()
}

func (s *scanner) literal(word string) error {
	if !strings.HasPrefix(s.text[s.pos:], word) {
		return errNotObject
	}
	s.pos += len(word)
	return nil
}

// number walks over a number (section 6).
func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' { // nothing but a fraction or an exponent follows
		s.pos++
	} else if !s.digits() {
		return errNotObject
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return errNotObject
		}
	}
	if s.peek()|0x20 != 'e' {
		return nil
	}
	s.pos++
	if b := s.peek(); b == '+' || b == '-' {
		s.pos++
	}
	if !s.digits() {
		return errNotObject
	}
	return nil
}

// digits moves over digits, and reports whether there were any.
func (s *scanner) digits() bool {
	start := s.pos
	for b := s.peek(); b >= '0' && b <= '9'; b = s.peek() {
		s.pos++
	}
	return s.pos > start
}

// array walks over an array. Its elements are checked and not kept.
func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	for more := s.open(']'); more; {
		err := s.value(depth)
		if err != nil {
			return err
		}
		if more, err = s.next(']'); err != nil {
			return err
		}
	}
	return nil
}

// object walks over an object and adds its members to found, if that is not nil.
func (s *scanner) object(depth int, found *object) error {
	if depth > maxDepth {
		return errTooDeep
	}
	var seen names
	for more := s.open('}'); more; {
		nameAt := s.pos
		quoted, err := s.string()
		if err != nil {
			return err
		}
		// Names are compared after unescaping: "\u0061lg" is alg to any reader.
		name := unquote(quoted)
		if !seen.add(name) {
			return errDuplicate
		}
		if s.blanks(); s.peek() != ':' {
			return errNotObject
		}
		s.pos++
		s.blanks()
		start := s.pos
		if err := s.value(depth); err != nil {
			return err
		}
		if found != nil {
			found.add(nameAt, name, start, s.pos)
		}
		if more, err = s.next('}'); err != nil {
			return err
		}
	}
	return nil
}

// open moves into an array or object, and reports whether anything is in it. If not, it moves on
// behind the end.
func (s *scanner) open(end byte) (more bool) {
	s.pos++
	s.blanks()
	if s.peek() == end {
		s.pos++
		return false
	}
	return true
}

// next moves over a comma to the next element, or behind the end.
func (s *scanner) next(end byte) (more bool, err error) {
	s.blanks()
	switch s.peek() {
	case ',':
		s.pos++
		s.blanks()
		return true, nil
	case end:
		s.pos++
		return false, nil
	}
	return false, errNotObject
}

// string walks over a string (section 7) and returns it with its quotes. Escapes are checked and
// not resolved.
func (s *scanner) string() (quoted string, err error) {
	if s.peek() != '"' {
		return "", errNotObject
	}
	start := s.pos
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch b := s.text[s.pos]; {
		case b == '"':
			s.pos++
			return s.text[start:s.pos], nil
		case b < ' ':
			return "", errNotObject
		case b == '\\':
			if err := s.escape(); err != nil {
				return "", err
			}
		}
	}
	return "", errNotObject
}

// escape moves to the last byte of an escape. Each half of a surrogate pair must have its other
// half (section 8.2): readers replace a lone one in different ways.
func (s *scanner) escape() error {
	s.pos++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return errNotObject
	}
	unit, ok := s.unit()
	switch {
	case !ok:
		return errNotObject
	// A low half, with no high half before it.
	case unit >= 0xDC00 && unit <= 0xDFFF:
		return errSurrogates
	case unit < 0xD800 || unit > 0xDFFF:
		return nil
	}
	// A high half: the low one must follow at once, escaped as well.
	if !strings.HasPrefix(s.text[s.pos+1:], `\u`) {
		return errSurrogates
	}
	s.pos += 2
	if unit, ok = s.unit(); !ok {
		return errNotObject
	}
	if unit < 0xDC00 || unit > 0xDFFF {
		return errSurrogates
	}
	return nil
}

// unit reads the four hexadecimal digits behind a u, and moves to the last of them.
func (s *scanner) unit() (unit uint64, ok bool) {
	first := s.pos + 1
	if first+4 > len(s.text) {
		return 0, false
	}
	s.pos += 4
	unit, err := strconv.ParseUint(s.text[first:s.pos+1], 16, 16)
	return unit, err == nil
}
