// Package signedoffer reads signed offers: tokens that name a campaign, and perhaps values and a
// subscriber. A site mints them with any JWT library; they travel in links of mails, invoices and
// chats, and the personal checkout link is made when somebody clicks.
package signedoffer

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/caddy-checkout/checkout/auth"
)

// Type is the typ of a signed offer (RFC 8725 section 3.11). It keeps offers and sessions apart.
const Type = "offer+jwt"

// The bounds of what an offer may bring. They are those of events: enough for prices, names and
// numbers of invoices, and little enough for an address.
const (
	maxValues = 16
	maxName   = 64
	maxValue  = 256 // characters
	maxID     = 256 // bytes
)

// Offer is a signed offer that was verified. It is immutable and shared between requests.
type Offer struct {
	// Campaign is the name of the campaign that it chooses. Whether there is one, nobody has asked.
	Campaign string
	// Subscriber is the sub: the only subscriber who may use it, as its issuer wrote them. Empty:
	// anybody may.
	Subscriber string
	// ID is the jti, which a payment spends. Empty: the offer is good until it expires.
	ID string
	// Expires is the exp.
	Expires time.Time

	values map[string]string
}

// Value is what the offer says under a name, or empty. A nil Offer says nothing.
func (o *Offer) Value(name string) string {
	if o == nil {
		return ""
	}
	return o.values[name]
}

// IsFor reports whether the subscriber may use the offer. Both are compared in their normal form:
// phones by their digits, UUIDs and e-mails without case, as wherever a subscriber is looked for.
func (o *Offer) IsFor(s auth.Subscriber) bool {
	if o.Subscriber == "" {
		return true
	}
	want, err := auth.ParseSubscriber(s.Kind, o.Subscriber)
	return err == nil && s.Known() && strings.EqualFold(want.ID, s.ID)
}

// Reader verifies offers. It is safe for concurrent use.
type Reader struct{ verifier *auth.Authenticator }

// New makes a Reader of a verifier of tokens of Type, which nobody else may use.
func New(verifier *auth.Authenticator) *Reader { return &Reader{verifier} }

// Read verifies an offer. Its errors are *RefusedErrors, which hold nothing of the token.
func (r *Reader) Read(ctx context.Context, token string) (*Offer, error) {
	user, err := r.verifier.Verify(ctx, token)
	if err != nil {
		return nil, refusal(err)
	}
	// An offer that was read a moment ago needs no reading of its claims.
	if known, ok := user.Note.Load().(*Offer); ok {
		return known, nil
	}
	offer, err := read(user)
	if err == nil && user.Remembered {
		user.Note.Store(offer)
	}
	return offer, err
}

// Examine is Read at another instant, for the operator. It leaves no trace.
func (r *Reader) Examine(token string, at time.Time) (*Offer, error) {
	user, err := r.verifier.ExamineToken(token, at)
	if err != nil {
		return nil, refusal(err)
	}
	return read(user)
}

// read takes the claims of an offer. The verifier has checked that sub and jti are texts.
func read(user *auth.User) (*Offer, error) {
	offer := &Offer{Expires: user.Expires}
	for _, claim := range []struct {
		name string
		to   *string
	}{{"campaign", &offer.Campaign}, {"sub", &offer.Subscriber}, {"jti", &offer.ID}} {
		value, there := user.Value(claim.name)
		text, isText := value.(string)
		if there && !isText {
			return nil, Refuse(ruleCampaign)
		}
		*claim.to = text
	}
	if offer.Campaign == "" {
		return nil, Refuse(ruleCampaign)
	}
	if len(offer.ID) > maxID {
		return nil, Refuse(ruleID)
	}
	value, there := user.Value("values")
	if !there {
		return offer, nil
	}
	var ok bool
	if offer.values, ok = texts(value); !ok {
		return nil, Refuse(ruleValues)
	}
	return offer, nil
}

// texts are the values of an offer. Not ok is what is no object of texts, or too much of it: an
// offer is taken whole or not at all, since what is left out may be the price.
func texts(value any) (values map[string]string, ok bool) {
	object, ok := value.(map[string]any)
	if !ok || len(object) > maxValues {
		return nil, false
	}
	values = make(map[string]string, len(object))
	for name, value := range object {
		text, isText := value.(string)
		if !isText || !isName(name) || utf8.RuneCountInString(text) > maxValue {
			return nil, false
		}
		values[name] = text
	}
	return values, true
}

var name = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// isName reports whether a value may have that name.
func isName(text string) bool { return len(text) <= maxName && name.MatchString(text) }
