package ledger

import (
	"context"
	"slices"
	"time"
)

// This file answers what clicks ask of a subscriber. One look-up answers all of it. Nothing is
// computed here: what a payment means to clicks was decided when it came (person.go).

// Facts are what is known of a subscriber. The zero Facts know nothing. They are safe for
// concurrent use. They are a copy, so they stay what they were at the look-up.
type Facts struct{ person person }

// Facts looks a subscriber up by their hash. What cannot be looked up is an error, and then nothing
// is known: a second checkout is better than none.
func (l *Ledger) Facts(ctx context.Context, subscriber string) (Facts, error) {
	var f Facts
	_, err := look(l.codec, l.reader(ctx), l.codec.personKey(subscriber), &f.person)
	return f, err
}

// PaidRecently reports whether a payment of theirs, for this campaign or for none, was heard of
// less than within ago and was not given back. The arrival counts and not the purchase, for a
// webhook may be hours late. A payment for another campaign does not count: that one sold something
// else.
func (f Facts) PaidRecently(campaign string, within time.Duration, now time.Time) bool {
	after := now.Add(-within)
	return slices.ContainsFunc(f.person.Notes, func(n note) bool {
		return !n.Back && (n.Campaign == "" || n.Campaign == campaign) &&
			time.Unix(n.Heard, 0).After(after)
	})
}

// Subscribed reports whether a subscription of the project runs: to one of the packages, or to any
// where none are named. The end that is stored includes the time for which a state is believed
// without news (origin.runsUntil). Packages are names within their project.
func (f Facts) Subscribed(project string, packages []string, now time.Time) bool {
	return slices.ContainsFunc(f.person.Subs, func(s subscription) bool {
		return s.Project == project && now.Unix() < s.Until &&
			(len(packages) == 0 || slices.Contains(packages, string(s.Package)))
	})
}
