package ledger

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// This file is what happened to a subscriber, as their document has it. Of each name the newest
// stands there, and which one that is depends on what was told alone: neither on the order nor on
// how often.

// happening is an event, or that it was taken back. One that was taken back stays as such: without
// it, an older copy of the event would bring it back.
type happening struct {
	Name text `cbor:"1,keyasint,omitzero" json:"name,omitempty"`
	// Microseconds.
	At int64 `cbor:"2,keyasint,omitempty" json:"at,omitempty"`
	// Unix seconds; 0 is as long as facts are kept.
	Until  int64             `cbor:"3,keyasint,omitempty" json:"until,omitempty"`
	Gone   bool              `cbor:"4,keyasint,omitempty" json:"gone,omitempty"`
	Values map[string]string `cbor:"5,keyasint,omitempty" json:"values,omitempty"`
}

// maxEvents is how many names of events are known of one subscriber. Backends choose the names, and
// must not fill a store.
const maxEvents = 64

// happened takes an event in. The later one wins, so a repeat and an old copy change nothing.
func (p *person) happened(h happening) (changed bool) {
	same := func(old happening) bool { return old.Name == h.Name }
	if i := slices.IndexFunc(p.Events, same); i >= 0 {
		if h.compare(p.Events[i]) <= 0 {
			return false
		}
		p.Events[i] = h
		return true
	}
	return p.addEvent(h)
}

// addEvent takes an event of a new name in. Beyond the bound the one with the oldest instant goes,
// which may be the new one. One that has gone can come back only by an instant that is younger than
// those that stay, so the order in which events came leaves no trace.
func (p *person) addEvent(h happening) (changed bool) {
	p.Events = append(p.Events, h)
	if len(p.Events) <= maxEvents {
		return true
	}
	oldest := 0
	for i, e := range p.Events {
		if cmp.Or(cmp.Compare(e.At, p.Events[oldest].At),
			strings.Compare(string(e.Name), string(p.Events[oldest].Name))) < 0 {
			oldest = i
		}
	}
	p.Events = slices.Delete(p.Events, oldest, oldest+1)
	return oldest < maxEvents
}

// compare orders what is told of one name; the greatest is kept. The instant decides. Of one instant
// to take back is greater than to tell. The rest only makes sure that one of two is greater: what is
// kept for longer, and then the values as they are written.
func (h happening) compare(other happening) int {
	return cmp.Or(
		cmp.Compare(h.At, other.At),
		boolCompare(h.Gone, other.Gone),
		cmp.Compare(h.end(), other.end()),
		h.compareValues(other),
	)
}

// compareValues orders by the values. Maps are written in one order, so equal ones are equal.
func (h happening) compareValues(other happening) int {
	if len(h.Values) == 0 && len(other.Values) == 0 {
		return 0
	}
	mine, err := cborMode.Marshal(h.Values)
	if err != nil {
		return 0 // a map of texts can be written
	}
	theirs, err := cborMode.Marshal(other.Values)
	if err != nil {
		return 0
	}
	return bytes.Compare(mine, theirs)
}

// end is until when the event counts. One that says no end of its own counts for as long as facts
// are kept, which is longer.
func (h happening) end() int64 {
	if h.Until == 0 {
		return math.MaxInt64
	}
	return h.Until
}

// boolCompare orders false before true.
func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// counts reports whether the event is one at this instant: it was not taken back, and its time is
// not over. keep is how long facts are kept. A document may outlive it by other facts.
func (h happening) counts(now time.Time, keep time.Duration) bool {
	return !h.Gone && now.Unix() < h.end() && time.UnixMicro(h.At).After(now.Add(-keep))
}
