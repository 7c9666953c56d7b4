package campaign

import (
	"errors"
	"time"
)

// User is who asks. The zero User is an anonymous visitor, of whom nothing is known.
type User struct {
	// Subscriber is the id of the verified subscriber: an e-mail address, a phone number or a UUID.
	// It is empty for a user whose claims name none.
	Subscriber string
	// Claims reads a verified claim as text, by its dotted path; *auth.User does. Nil has no
	// claims.
	Claims interface {
		Claim(path string) (text string, ok bool)
	}
}

// claim is a claim of the user, if they have any.
func (u User) claim(path string) (string, bool) {
	if u.Claims == nil {
		return "", false
	}
	return u.Claims.Claim(path)
}

// Facts are what a decision may know of one request beside the user. Each is asked for at the
// moment when a condition or an override needs it, and not at all if none does. An implementation
// that has to fetch a fact therefore fetches it at the first question, and remembers the answer for
// those that follow: a decision may ask twice. It need not be safe for concurrent use.
type Facts interface {
	// Match reports whether the matchers of the campaign at this place of the list accept the
	// request. A campaign whose matchers fail does not match: the next one is tried.
	Match(index int) (bool, error)
	// Happened reports whether an event happened to the user, within that time before now; zero is at
	// any time. It is not known of anonymous visitors, and of nobody while the one who knows is away:
	// then neither an event holds nor its absence.
	Happened(event string, within time.Duration) (happened, known bool)
	// Partner reports whether the request came by one of the partners that the campaign at this
	// place of the list names, or by any where it names none. It is asked only of campaigns whose
	// Config.Partner is set.
	Partner(index int) bool
	// Value is the value of a placeholder. It is never looked at for placeholders again.
	Value(key string) (string, bool)
	// Trusted reports whether no visitor can write the placeholder. It is asked at each request,
	// because a campaign may have been named by a placeholder, so that no check at load has seen
	// it.
	Trusted(key string) bool
}

// Decision is the answer for one request.
type Decision struct {
	// Index is the place of the chosen campaign in the list; -1 when none was chosen. It is set
	// beside an *Error too, so that the caller knows whose fallback answers.
	Index int
	// Offer is what the chosen campaign offers. It is nil beside an error.
	Offer *Offer
	// Failed names the campaigns that were passed over because their matchers failed.
	Failed []*Error

	// Steps are all campaigns of the list in their order, and what became of each. Only Explain
	// fills them.
	Steps []Step
	// Dropped says of each value that is left out why, such as "package_name: placeholder {x} has
	// no usable value". It holds no values. Only Explain fills it.
	Dropped []string
}

// ErrNone means that no campaign is active and matches.
var ErrNone = errors.New("no campaign")

// Error is what is wrong with one campaign at a request: it was chosen, but its price or its link
// id is unusable; or its matchers failed, and it was passed over (Decision.Failed). Its text holds
// neither a value of a placeholder nor what a matcher said, so that it can be logged.
type Error struct {
	Index    int // in the list
	Campaign *Campaign
	Override string // the one that is unusable, such as link_id; empty if the matchers failed
	Why      string

	cause error
}

func (e *Error) Error() string {
	text := "campaign " + e.Campaign.Name() + ": "
	if e.Override != "" {
		text += e.Override + ": "
	}
	return text + e.Why
}

// Unwrap is what Facts.Match returned. Its text may quote the request: it is for the operator's
// eyes, not for a log.
func (e *Error) Unwrap() error { return e.cause }

// Decide takes the first campaign of list whose conditions hold, its variant, and its overrides
// with their placeholders filled in. Errors: ErrNone, or an *Error for an offer that cannot be
// sold.
//
// For a campaign whose overrides hold no placeholder it allocates nothing and returns the same
// *Offer for the same outcome, so callers may work out beforehand, or remember by that pointer,
// what follows from an offer.
func Decide(list []*Campaign, user User, facts Facts, now time.Time) (d Decision, err error) {
	d.choose(list, question{facts, now}, false)
	if d.Index < 0 {
		return d, ErrNone
	}
	err = d.take(list[d.Index], user, facts)
	return d, err
}

// Decide is the function of that name for a campaign that somebody has chosen already, as a signed
// offer does: its conditions are not asked. Its schedule is, since that ends a campaign for
// everybody. The decision's Index is 0, or -1 beside ErrNone.
func (c *Campaign) Decide(user User, facts Facts, now time.Time) (d Decision, err error) {
	if c.schedule.bar(now) != "" {
		return Decision{Index: -1}, ErrNone
	}
	err = d.take(c, user, facts)
	return d, err
}

// take finds what the chosen campaign offers the user.
func (d *Decision) take(c *Campaign, user User, facts Facts) error {
	a, _ := c.assign(user)
	offer, bad := a.offer(facts, nil)
	if bad != nil {
		bad.Index = d.Index
		return bad
	}
	d.Offer = offer
	return nil
}

// choose finds the first campaign whose conditions hold. With explain it notes a step for each that
// it asked.
func (d *Decision) choose(list []*Campaign, q question, explain bool) {
	d.Index = -1
	for i, c := range list {
		v := c.ask(q, i)
		if v.failed != nil {
			d.Failed = append(d.Failed, matchError(i, c, v.failed))
		}
		if explain {
			d.Steps = append(d.Steps, v.step(c))
		}
		if v.result == "" {
			d.Index = i
			return
		}
	}
}

// assign finds the user's way through the campaign, and their bucket: -1 when nothing was hashed.
func (c *Campaign) assign(user User) (*arm, int) {
	if c.split == nil {
		return c.plain, -1
	}
	id, ok := c.split.id(user)
	if !ok {
		return c.first, -1
	}
	if !c.split.namespace.has(id) {
		return c.plain, -1
	}
	b := c.split.bucket(id)
	if i := c.split.variant(b); i >= 0 {
		return c.arms[i], b
	}
	return c.plain, b
}
