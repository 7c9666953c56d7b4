package redisstore

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/caddy-checkout/checkout/ledger"
)

// The words in the names of keys. None is the end of another, and a kind follows each, so that the
// names of two stores never meet, even where one's prefix begins with the other's.
const (
	docs  = "doc:"  // a document, a string
	rows  = "row:"  // a row, a hash
	onces = "once:" // what was added to a row, a sorted set by time
)

// emptyID stands for an id without bytes: empty braces are no hash tag. It is not base64, so no
// other id looks like it.
const emptyID = "."

// name is a key's name in Redis: the id in base64, because it may be any bytes, and in braces,
// which make it the hash tag.
func (s *Store) name(what string, key ledger.Key) string {
	id := emptyID
	if key.ID != "" {
		id = base64.RawURLEncoding.EncodeToString([]byte(key.ID))
	}
	return s.stem(what, key.Kind) + id + "}"
}

// stem is what all names of a kind begin with.
func (s *Store) stem(what string, kind ledger.Kind) string {
	return s.prefix + what + strconv.Itoa(int(kind)) + ":{"
}

// id is name the other way. It is false for a name that is none of ours.
func id(name, stem string) (string, bool) {
	text, ours := strings.CutPrefix(name, stem)
	text, closed := strings.CutSuffix(text, "}")
	if !ours || !closed {
		return "", false
	}
	if text == emptyID {
		return "", true
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return string(b), err == nil && len(b) > 0
}

// patternEscaper takes from a text what SCAN's MATCH would read in it.
var patternEscaper = strings.NewReplacer(
	`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`)

// pattern matches the names that begin with stem.
func pattern(stem string) string { return patternEscaper.Replace(stem) + "*" }
