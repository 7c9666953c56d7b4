package auth

import (
	"sync/atomic"
	"time"
)

// User is a verified user. All but Note is immutable, and shared between requests: see Remembered.
type User struct {
	// Subscriber is zero when no listed claim gave a usable one.
	Subscriber Subscriber
	// Unconfirmed says that there is no Subscriber because of VerifiedContact alone: a listed claim
	// held an address or number that is not confirmed.
	Unconfirmed bool
	// Issuer is the verified iss claim; it may be empty.
	Issuer string
	// Expires is the exp claim.
	Expires time.Time
	// Remembered says that the same token will give this very User again, for as long as it is
	// remembered: only then is it worth remembering what was made of a User.
	Remembered bool
	// Note is room for what a caller has made of a Remembered User and will want again. Nobody here
	// reads it. What is stored must always be of one type.
	Note atomic.Value

	claims object
	rules  *subscriberRules
}

// Claim returns the claim at a dotted path as text: strings as they are, numbers in their exact
// digits, booleans as true and false, objects and arrays as JSON. Missing, null and empty claims
// are not ok. A claim of exactly that name wins over a path. Elements of arrays cannot be reached.
func (u *User) Claim(path string) (text string, ok bool) {
	value, _ := u.claims.lookup(path)
	switch {
	case value == "", value == `""`:
		return "", false
	case value[0] == '"':
		return unquote(value), true
	}
	return value, true
}

// SubscriberTrace says what became of each claim of SubscriberID, in order, up to the one that was
// taken: for explaining a decision to an operator. It holds names of claims and never their values.
func (u *User) SubscriberTrace() []string {
	if u.rules == nil {
		return nil
	}
	var trace []string
	u.rules.choose(u.claims, func(line string) { trace = append(trace, line) })
	return trace
}

// String tells nothing about the user, so that one printed by mistake gives nobody's claims away.
func (u *User) String() string { return "a verified user" }

// GoString is String.
func (u *User) GoString() string { return u.String() }
