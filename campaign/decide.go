package campaign

import (
	"errors"
	"time"
)

// Facts are what a decision may know of one request. Implementations need not be safe for concurrent use.
type Facts interface {
	// Now is the instant of the request.
	Now() time.Time
	// Subscriber is the verified subscriber's id, or empty for a stranger.
	Subscriber() string
	// Claim is a verified claim as text.
	Claim(path string) (string, bool)
	// Value is the value of a placeholder. It is never expanded again.
	Value(key string) (string, bool)
	// Match reports whether the campaign's matchers accept the request.
	Match(c *Campaign) (bool, error)
	// Trusted reports, at request time, whether a trusted word may use the placeholder (checked again because
	// a campaign may have been named by a placeholder).
	Trusted(key string) bool
}

// ErrNone means that no campaign is active and matches.
var ErrNone = errors.New("no campaign")

// BadOfferError means that a campaign was chosen but its price or link id is unusable.
type BadOfferError struct {
	Campaign *Campaign
	Word     string
	Why      string // holds no value of a placeholder
}

func (e *BadOfferError) Error() string {
	return "campaign " + e.Campaign.Name() + ": " + e.Word + ": " + e.Why
}

// Decide takes the first campaign of list that is active and matches, its variant, and its resolved overrides.
// Errors: ErrNone, *BadOfferError, or what Match returned.
//
// For a campaign whose overrides hold no placeholder it allocates nothing and returns the same *Offer for the same
// outcome, so callers may work out beforehand, or remember by that pointer, what follows from an offer.
func Decide(list []*Campaign, f Facts) (*Offer, error) {
	c, err := choose(list, f, nil)
	if err != nil {
		return nil, err
	}
	a, _ := c.assign(f)
	return a.offer(f, nil)
}

// choose finds the campaign and notes its way in t.
func choose(list []*Campaign, f Facts, t *Trace) (*Campaign, error) {
	for i, c := range list {
		if c.Scheduled() {
			if state := c.State(f.Now()); state != active {
				t.noteInactive(c, state)
				continue
			}
		}
		ok, err := f.Match(c)
		switch {
		case err != nil:
			t.note(c, "match failed", err.Error())
			t.notReached(list[i+1:])
			return nil, err
		case ok:
			t.note(c, "chosen", "")
			t.notReached(list[i+1:])
			return c, nil
		}
		t.note(c, "no match", "")
	}
	return nil, ErrNone
}

// assign finds the user's way through the campaign, and his bucket: -1 when nothing was hashed.
func (c *Campaign) assign(f Facts) (*arm, int) {
	if c.split == nil {
		return c.plain, -1
	}
	id, ok := c.split.id(f)
	if !ok {
		return c.first, -1
	}
	b := bucket(c.split.seed, id)
	if i := c.split.variant(b); i >= 0 {
		return c.arms[i], b
	}
	return c.plain, b
}
