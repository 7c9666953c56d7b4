package ledger

import (
	"context"
	"slices"
	"time"
)

// This file answers what clicks ask of a subscriber and of a signed offer. One look-up answers all
// of it. Nothing is computed here: what a payment means to clicks was decided when it came
// (person.go).

// Facts are what is known of a subscriber, and of the signed offer that they came by. The zero Facts
// know nothing. They are safe for concurrent use, and stay what they were at the look-up.
type Facts struct {
	person person
	offer  offer
	// How long facts are kept. An event may stand in a document that something else kept alive.
	keep time.Duration
}

// Facts looks a subscriber up by their hash, and by the hashes that they had under former secrets,
// and a signed offer by its OfferHash; either may be empty. What cannot be looked up is an error, and
// then nothing is known. Of a subscriber that may be passed over: a second checkout is better than
// none. Of an offer it may not.
func (l *Ledger) Facts(
	ctx context.Context, subscriber, offer string, former ...string,
) (f Facts, err error) {
	var keys []Key
	if subscriber != "" {
		keys = append(keys, l.codec.personKey(subscriber))
	}
	for _, hash := range former {
		keys = append(keys, l.codec.personKey(hash))
	}
	if offer != "" {
		keys = append(keys, l.offerKey(offer))
	}
	docs, err := l.store.Read(ctx, keys...) // one round trip
	if err != nil {
		return Facts{}, err
	}
	for i, doc := range docs {
		if doc.Value == nil {
			continue
		}
		if err := f.take(l, keys[i], doc.Value); err != nil {
			return Facts{}, err
		}
	}
	f.keep = l.keep
	return f, nil
}

// take takes in what a document knows.
func (f *Facts) take(l *Ledger, key Key, value []byte) error {
	if key.Kind != kindPerson {
		return l.codec.read(key, value, &f.offer)
	}
	known, err := l.opened.person(l.codec, key, value)
	if err != nil {
		return err
	}
	f.person = f.person.with(known)
	return nil
}

// with is a person of whom another document is known as well. Neither of the two changes: others
// may be reading them.
func (p person) with(other person) person {
	if len(p.Notes)+len(p.Subs)+len(p.Events) == 0 {
		return other
	}
	both := person{
		Notes: slices.Concat(p.Notes, other.Notes), Subs: slices.Concat(p.Subs, other.Subs),
		Events: slices.Clone(p.Events),
	}
	for _, h := range other.Events {
		both.happened(h)
	}
	return both
}

// OfferSpent reports whether a payment has spent the offer, OfferRevoked whether it was revoked.
func (f Facts) OfferSpent() bool   { return len(f.offer.Sale) > 0 }
func (f Facts) OfferRevoked() bool { return f.offer.Revoked }

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

// Happened reports whether an event happened to them, less than within ago; zero is at any time for
// which facts are kept. An event that was taken back has not happened. One with an instant ahead, as
// of a clock that is fast, has.
func (f Facts) Happened(event string, within time.Duration, now time.Time) bool {
	h := f.event(event, now)
	return h != nil && (within == 0 || time.UnixMicro(h.At).After(now.Add(-within)))
}

// Value is a value of an event that happened to them. It is not ok for an event that did not happen,
// and for one that was told without it.
func (f Facts) Value(event, value string, now time.Time) (text string, ok bool) {
	h := f.event(event, now)
	if h == nil {
		return "", false
	}
	text, ok = h.Values[value]
	return text, ok
}

// event is what happened under a name, if that counts.
func (f Facts) event(name string, now time.Time) *happening {
	for i := range f.person.Events {
		if h := &f.person.Events[i]; string(h.Name) == name {
			if h.counts(now, f.keep) {
				return h
			}
			return nil
		}
	}
	return nil
}
