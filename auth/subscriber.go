package auth

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is the kind of a subscriber id.
type Kind string

// The kinds Zotlo knows.
const (
	Email Kind = "email"
	Phone Kind = "phone"
	UUID  Kind = "uuid"
)

// Subscriber is whom a link is for: one of the ids by which Zotlo knows a person. The zero value is
// nobody. Two are equal exactly if a link for one may be given to the other.
type Subscriber struct {
	Kind Kind
	ID   string
}

// Known reports whether there is a subscriber at all.
func (s Subscriber) Known() bool { return s.ID != "" }

// String names the kind only, so that a subscriber printed by mistake tells nobody's address.
func (s Subscriber) String() string {
	if !s.Known() {
		return "nobody"
	}
	return "somebody by " + string(s.Kind)
}

// GoString is String.
func (s Subscriber) GoString() string { return s.String() }

// maxEmail is the longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3, less the angle
// brackets).
const maxEmail = 254

// Why a text is no subscriber id. None of them quotes the text.
var (
	errEmail = errors.New("not a plain e-mail address")
	errPhone = errors.New("not a phone number in E.164 form, such as +905551112233")
	errUUID  = errors.New("not a UUID")
	errShape = errors.New("neither an e-mail address nor a UUID")
)

// ParseSubscriber reads text as a subscriber id of the given kind; an empty kind means an e-mail or
// a UUID by shape, never a phone: a numeric database id must not become somebody's number. By
// shape, an address with one of | / # is not taken either: providers make such ids of addresses
// (auth0|ada@example.com, ada_example.com#EXT#@tenant…), and nobody reads the mail.
//
// An e-mail stays as it is. A phone with its country code, in any form of OpenID Connect Core
// section 5.1 and RFC 3966, becomes its digits. A UUID becomes lower case. What it returns is its
// own canonical form. No error quotes the text.
func ParseSubscriber(kind Kind, text string) (Subscriber, error) {
	switch kind {
	case Email:
		return Subscriber{Email, text}.or(isEmail(text), errEmail)
	case Phone:
		digits, ok := phoneDigits(text)
		return Subscriber{Phone, digits}.or(ok, errPhone)
	case UUID:
		return Subscriber{UUID, strings.ToLower(text)}.or(isUUID(text), errUUID)
	case "":
		switch {
		case isEmail(text) && !strings.ContainsAny(text, "|/#"):
			return Subscriber{Email, text}, nil
		case isUUID(text):
			return Subscriber{UUID, strings.ToLower(text)}, nil
		}
		return Subscriber{}, errShape
	}
	return Subscriber{}, fmt.Errorf("unknown kind of subscriber %q; write email, phone or uuid",
		string(kind))
}

// or is s, or err where s is not ok.
func (s Subscriber) or(ok bool, err error) (Subscriber, error) {
	if !ok {
		return Subscriber{}, err
	}
	return s, nil
}

// isEmail takes the addresses that mean one mailbox to every reader: one @, before it the
// characters that RFC 5322 allows without quotes, save two that carry markup (` &); after it a host
// name.
func isEmail(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	if !ok || local == "" || len(text) > maxEmail {
		return false
	}
	for i := range len(local) {
		if b := local[i]; !alphanumeric(b) && strings.IndexByte("!#$%'*+-/=?^_{|}~.", b) < 0 {
			return false
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" {
			return false
		}
		for i := range len(label) {
			if b := label[i]; !alphanumeric(b) && b != '-' && b != '_' {
				return false
			}
		}
	}
	return true
}

// isUUID takes the 36 characters of RFC 9562 section 4, in either case.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch b := text[i] | 0x20; {
		case i == 8, i == 13, i == 18, i == 23:
			if text[i] != '-' {
				return false
			}
		case text[i] >= '0' && text[i] <= '9', b >= 'a' && b <= 'f':
		default:
			return false
		}
	}
	return true
}

// alphanumeric takes ASCII letters and digits: a look-alike letter of another script is another
// mailbox.
func alphanumeric(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
