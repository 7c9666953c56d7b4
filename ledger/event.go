package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/caddy-checkout/checkout/internal/duration"
	"github.com/caddy-checkout/checkout/internal/eventname"
)

// This file takes in what a site's backend tells of subscribers. Zotlo's own events come by
// webhooks (settle.go).

const (
	// MaxBatch is how many events Tell takes at once.
	MaxBatch = 1000
	// maxEventValues and maxEventValue, in characters, bound what one event says.
	maxEventValues = 16
	maxEventValue  = 256
	// maxAhead is how far an instant may be ahead: clocks differ.
	maxAhead = time.Minute
)

// Event is something that happened to a subscriber, or that it was taken back.
type Event struct {
	// Subscriber is a keyed hash.
	Subscriber string
	// Name is 1 to 64 of a-z, 0-9 and _, a letter first.
	Name string
	// At is when it happened; zero is now. It is not in the future by more than a minute.
	At time.Time
	// Keep is how long it counts from At on; zero is as long as facts are kept, which is the most.
	Keep time.Duration
	// Values are what it says beside: at most 16 of at most 256 characters. Their names are as Name.
	Values map[string]string
	// Gone takes the event back. What is older than At stays gone. It has neither Keep nor Values.
	Gone bool
}

// EventError is what is wrong with one event of a batch. Its text is for whoever sent the batch; it
// quotes names, and neither a subscriber nor a value.
type EventError struct {
	// Index is the event's place in the batch, from 0 on; -1 where the batch is none at all.
	Index int
	// Member is the member of its JSON object that is wrong; empty for the object as a whole.
	Member string
	// Why says what is wrong and how it is written.
	Why string
}

func (e *EventError) Error() string {
	text := e.Why
	if e.Member != "" {
		text = e.Member + ": " + text
	}
	if e.Index >= 0 {
		text = fmt.Sprintf("event %d: %s", e.Index, text)
	}
	return text
}

// Tell takes events in and returns once they are durable. A batch that holds a mistake is an
// *EventError, and nothing of it is kept. A file takes a batch whole or not at all. Other stores take
// it subscriber by subscriber; after an error the batch is to be told again, which changes nothing of
// what was taken. Of one name and subscriber the later At wins, whatever comes first. Without At, an
// event of a batch is later than those before it.
func (l *Ledger) Tell(ctx context.Context, events []Event) error {
	told, err := l.happenings(events)
	if err != nil {
		return err
	}
	return l.store.Do(ctx, func(s Steps) error {
		for _, t := range told {
			if err := l.tell(s, t.id, func(p *person) (changed bool) {
				for _, h := range t.happenings {
					changed = p.happened(h) || changed
				}
				return changed
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// told is what a batch says of one subscriber: their document is changed once.
type told struct {
	id         string
	happenings []happening
}

// happenings checks a batch, and orders it by subscriber.
func (l *Ledger) happenings(events []Event) (all []*told, err error) {
	if len(events) > MaxBatch {
		return nil, &EventError{Index: -1, Why: fmt.Sprintf("%d events are too many: send at most %d",
			len(events), MaxBatch)}
	}
	now := l.now()
	bySubscriber := map[string]*told{}
	for i, e := range events {
		if bad := e.check(now, l.keep); bad != nil {
			bad.Index = i
			return nil, bad
		}
		id := l.codec.personKey(e.Subscriber).ID
		if bySubscriber[id] == nil {
			bySubscriber[id] = &told{id: id}
			all = append(all, bySubscriber[id])
		}
		t := bySubscriber[id]
		t.happenings = append(t.happenings, e.happening(now.Add(time.Duration(i)*time.Microsecond)))
	}
	return all, nil
}

// happening is the event as a document has it. now is the instant of one that says none.
func (e Event) happening(now time.Time) happening {
	at := e.At
	if at.IsZero() {
		at = now
	}
	h := happening{Name: text(e.Name), At: at.UnixMicro(), Gone: e.Gone}
	if e.Keep > 0 {
		h.Until = at.Add(e.Keep).Unix()
	}
	if len(e.Values) > 0 {
		h.Values = e.Values
	}
	return h
}

// check says what is wrong with an event.
func (e Event) check(now time.Time, keep time.Duration) *EventError {
	bad := func(member, why string, args ...any) *EventError {
		return &EventError{Member: member, Why: fmt.Sprintf(why, args...)}
	}
	if e.Subscriber == "" {
		return bad(memberSubscriber, "is missing")
	}
	if e.Name == "" {
		return bad(memberEvent, "is missing")
	}
	if err := eventname.CheckBackend(e.Name); err != nil {
		return bad(memberEvent, "%v", err)
	}
	switch {
	case e.At.After(now.Add(maxAhead)):
		return bad(memberAt, "is in the future by more than a minute")
	case e.Keep < 0:
		return bad(memberKeep, "is negative")
	case e.Keep > keep:
		return bad(memberKeep, "is longer than the ledger keeps anything: write at most %s",
			duration.Text(keep))
	case e.Gone && e.Keep != 0:
		return bad(memberKeep, "belongs to no event that is taken back")
	case e.Gone && len(e.Values) > 0:
		return bad(memberValues, "belong to no event that is taken back")
	case len(e.Values) > maxEventValues:
		return bad(memberValues, "are %d: send at most %d", len(e.Values), maxEventValues)
	}
	for _, name := range sortedKeys(e.Values) {
		if err := eventname.CheckValue(name); err != nil {
			return bad(memberValues, "%v", err)
		}
		if n := utf8.RuneCountInString(e.Values[name]); n > maxEventValue {
			return bad(memberValues, "%s has %d characters: send at most %d", name, n, maxEventValue)
		}
	}
	return nil
}

// sortedKeys has an error name the same value each time.
func sortedKeys(values map[string]string) []string {
	return slices.Sorted(maps.Keys(values))
}
