package auth

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// This file chooses the subscriber: which claims may name one, in which order, and whether their
// provider has seen that the address or number belongs to the user.

// subscriberRules choose the subscriber from claims.
type subscriberRules struct {
	claims  []subscriberClaim
	contact string
}

// subscriberClaim is one entry of SubscriberID.
type subscriberClaim struct {
	path string
	kind Kind // empty: by shape
	// number: a JSON integer may stand for the id, because the entry itself says :phone.
	number bool
	// What may say whether the e-mail, or the phone, belongs to the user.
	emailProofs, phoneProofs []proof
}

// proof is a claim at path that says whether the contact in the claim of is verified.
type proof struct{ path, of string }

// newSubscriberRules reads the entries of SubscriberID, or the default ones, and the value of
// VerifiedContact. Everything about a claim's name is worked out here, once, and not for each
// token.
func newSubscriberRules(entries []string, contact string) (*subscriberRules, error) {
	if len(entries) == 0 {
		entries = []string{"email", "phone_number", "sub"}
	}
	contact = cmp.Or(contact, contactIfPresent)
	if err := CheckVerifiedContact(contact); err != nil {
		return nil, err
	}
	rules := &subscriberRules{contact: contact}
	for _, entry := range entries {
		claim := newSubscriberClaim(entry)
		if claim.path == "" {
			return nil, fmt.Errorf("subscriber_id %q names no claim; "+
				"write `subscriber_id email`, for example", entry)
		}
		if meant, mistyped := mistypedKind(entry); mistyped && claim.path == entry {
			return nil, fmt.Errorf("subscriber_id %q ends in no kind; "+
				"write :%s, also behind a claim whose own name ends so", entry, meant)
		}
		rules.claims = append(rules.claims, claim)
	}
	return rules, nil
}

// typos are what people write for a kind.
var typos = map[string]Kind{
	"": Email, "email": Email, "mail": Email, "e-mail": Email,
	"phone": Phone, "phone_number": Phone, "tel": Phone, "mobile": Phone,
	"uuid": UUID, "guid": UUID,
}

// mistypedKind finds one at the end of an entry without a kind: as a name, "login:mail" would
// silently name nobody. Names such as "cognito:username" and URLs are left alone, and with the
// kind behind it any name is taken.
func mistypedKind(entry string) (meant Kind, mistyped bool) {
	colon := strings.LastIndexByte(entry, ':')
	if colon < 0 || strings.Contains(entry, "/") {
		return "", false
	}
	meant, mistyped = typos[strings.ToLower(entry[colon+1:])]
	return meant, mistyped
}

// newSubscriberClaim reads "claim" or "claim:kind". A colon that no kind follows belongs to the
// claim's name. The standard claims of OpenID Connect have a kind without being told; any other
// claim is read by its shape.
func newSubscriberClaim(entry string) subscriberClaim {
	claim := subscriberClaim{path: entry}
	if colon := strings.LastIndexByte(entry, ':'); colon >= 0 {
		switch kind := Kind(entry[colon+1:]); kind {
		case Email, Phone, UUID:
			claim.path, claim.kind, claim.number = entry[:colon], kind, kind == Phone
		}
	}
	if claim.kind == "" {
		switch claim.path {
		case "email":
			claim.kind = Email
		case "phone_number":
			claim.kind = Phone
		}
	}
	claim.emailProofs = proofsOf(claim.path, "email")
	claim.phoneProofs = proofsOf(claim.path, "phone_number")
	return claim
}

// proofsOf lists where a provider may say that the contact at path is verified: the standard claim
// of OpenID Connect Core section 5.1, the same beside a nested claim (user.email_verified), and the
// claim's own name with _verified.
func proofsOf(path, standard string) []proof {
	contacts := []string{standard}
	if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
		contacts = append(contacts, path[:dot+1]+standard)
	}
	if !slices.Contains(contacts, path) {
		contacts = append(contacts, path)
	}
	proofs := make([]proof, 0, len(contacts))
	for _, of := range contacts {
		proofs = append(proofs, proof{of + "_verified", of})
	}
	return proofs
}

// choose takes the first claim that gives a usable subscriber. If there is none, unconfirmed says
// that one would have been, were it verified. If trace is not nil it is told about each claim.
func (r *subscriberRules) choose(
	claims object, trace func(line string),
) (subscriber Subscriber, unconfirmed bool) {
	for i := range r.claims {
		claim := &r.claims[i]
		subscriber, err := claim.read(claims)
		if err == nil {
			err = r.verified(claim, subscriber, claims)
		}
		switch {
		case err == nil && trace != nil:
			trace(claim.path + ": taken as " + string(subscriber.Kind))
		case trace != nil:
			trace(claim.path + ": " + err.Error())
		}
		if err == nil {
			return subscriber, false
		}
		unconfirmed = unconfirmed || err == errUnverified
	}
	return Subscriber{}, unconfirmed
}

// Why a claim gave no subscriber. The texts stand behind the claim's name in a trace.
var (
	errMissing    = errors.New("missing")
	errNoText     = errors.New("not a string")
	errUnverified = errors.New("not verified")
)

// read takes the subscriber from the claim. Providers that hold several addresses write a list; one
// of a single entry says the same as that entry. The error says what is wrong with the claim and
// never quotes it.
func (c *subscriberClaim) read(claims object) (Subscriber, error) {
	value, there := claims.lookup(c.path)
	if !there {
		return Subscriber{}, errMissing
	}
	if text, ok := oneText(value); ok {
		if text == "" {
			return Subscriber{}, errMissing
		}
		return ParseSubscriber(c.kind, text)
	}
	if c.number && isPhone(value) {
		// The exact digits of the token: a float would round them.
		return Subscriber{Phone, value}, nil
	}
	return Subscriber{}, errNoText
}

// oneText returns the text of a string, or of the only entry of an array, if that is a string. Two
// entries are two people, or one with a choice that nobody made: neither is taken.
func oneText(value string) (text string, ok bool) {
	if value[0] == '"' {
		return unquote(value), true
	}
	if list, ok := texts(value); ok && len(list) == 1 {
		return list[0], true
	}
	return "", false
}

// verified applies VerifiedContact to an e-mail or phone. A no counts against every contact of its
// kind; a yes speaks for one: that a user's own mailbox is verified says nothing about the address
// that they wrote into their profile.
func (r *subscriberRules) verified(
	claim *subscriberClaim, subscriber Subscriber, claims object,
) error {
	if subscriber.Kind == UUID || r.contact == contactIgnore {
		return nil
	}
	proofs := claim.emailProofs
	if subscriber.Kind == Phone {
		proofs = claim.phoneProofs
	}
	// said: something speaks for this very address, and nothing against it.
	said := false
	for _, p := range proofs {
		value, there := claims.lookupWritten(p.path)
		switch {
		case !there:
		case value != "true" && value != `"true"`: // null is no yes either
			return errUnverified
		case p.of == claim.path || holds(claims, p.of, subscriber):
			said = true
		}
	}
	if !said && r.contact == contactRequired {
		return errUnverified
	}
	return nil
}

// holds reports whether the claim at path names the same e-mail, without regard to case, or the
// same phone.
func holds(claims object, path string, subscriber Subscriber) bool {
	claim := subscriberClaim{path: path, kind: subscriber.Kind, number: subscriber.Kind == Phone}
	other, err := claim.read(claims)
	return err == nil && strings.EqualFold(other.ID, subscriber.ID)
}
