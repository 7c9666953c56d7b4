package signedoffer

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/caddy-checkout/checkout/auth"
)

// Terms are what an offer is to say.
type Terms struct {
	Campaign   string
	Values     map[string]string
	Subscriber string // empty: anybody
	Once       bool   // a payment spends it
	Until      time.Time
}

// claims are the terms as the token has them.
type claims struct {
	Campaign   string            `json:"campaign"`
	Values     map[string]string `json:"values,omitempty"`
	Subscriber string            `json:"sub,omitempty"`
	ID         string            `json:"jti,omitempty"`
	Issued     int64             `json:"iat"`
	Expires    int64             `json:"exp"`
}

// Mint makes a token of the terms. What could not be read again is an error that quotes no value.
func (r *Reader) Mint(terms Terms, now time.Time) (token string, err error) {
	if err := terms.check(); err != nil {
		return "", err
	}
	c := claims{
		Campaign: terms.Campaign, Values: terms.Values, Subscriber: terms.Subscriber,
		Issued: now.Unix(), Expires: terms.Until.Unix(),
	}
	if terms.Once {
		c.ID = rand.Text()
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	if token, err = r.verifier.Sign(text); err != nil {
		return "", err
	}
	// Nobody is to mail what the next click refuses.
	if _, err := r.Examine(token, now); err != nil {
		return "", fmt.Errorf("nobody could use this offer: %w%s", err, fixOf(err))
	}
	return token, nil
}

// fixOf is what to do about an offer that would be refused; empty where the rule says it.
func fixOf(err error) string {
	refused, ok := errors.AsType[*RefusedError](err)
	if ok && (refused.Rule == "max_life" || refused.Rule == "far_future") {
		return "; it ends too far ahead: write a shorter time, or a longer max_age in offers"
	}
	return ""
}

// check names what is wrong with the terms.
func (t Terms) check() error {
	if len(t.Values) > maxValues {
		return fmt.Errorf("values: there are %d, and an offer has at most %d", len(t.Values),
			maxValues)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Values)) {
		switch {
		case !isName(name):
			return fmt.Errorf("values: a name is 1 to %d of a-z 0-9 _, and begins with a letter",
				maxName)
		case utf8.RuneCountInString(t.Values[name]) > maxValue:
			return fmt.Errorf("values: %s has more than %d characters", name, maxValue)
		}
	}
	if t.Subscriber == "" {
		return nil
	}
	for _, kind := range []auth.Kind{"", auth.Phone} {
		if _, err := auth.ParseSubscriber(kind, t.Subscriber); err == nil {
			return nil
		}
	}
	return errors.New("subscriber: it is no e-mail address, no phone number such as " +
		"+905551112233 and no UUID")
}
