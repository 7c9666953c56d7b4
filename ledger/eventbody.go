package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/caddy-checkout/checkout/internal/duration"
)

// This file reads what a backend posts: one event as a JSON object, or several in an array. It reads
// strictly. A member that is misspelled would else be an event that says something other than was
// meant, and nobody would be told.

// MaxEventBody is the longest body with events, in bytes.
const MaxEventBody = 256 << 10

// The members of an event. Backends write them: none is ever renamed.
const (
	memberSubscriber = "subscriber"
	memberEvent      = "event"
	memberAt         = "at"
	memberKeep       = "keep"
	memberValues     = "values"
)

// eventMembers are all members that an event may have.
var eventMembers = []string{memberSubscriber, memberEvent, memberAt, memberKeep, memberValues}

// ParseEvents reads one event, or an array of them. hash gives the keyed hash of a subscriber; it is
// not ok for a text that is no subscriber. Errors are *EventError. What a null stands for is absent.
//
// The forms alone are checked here; what the events say is checked by Tell.
func ParseEvents(body []byte, hash func(subscriber string) (string, bool)) ([]Event, error) {
	if !utf8.Valid(body) {
		return nil, &EventError{Index: -1, Why: "the body is no UTF-8"}
	}
	p := &eventParser{json: json.NewDecoder(bytes.NewReader(body)), hash: hash}
	events, bad := p.batch(bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")))
	if bad != nil {
		return nil, bad
	}
	if _, err := p.json.Token(); !errors.Is(err, io.EOF) {
		return nil, &EventError{Index: -1, Why: "after the events stands something else"}
	}
	return events, nil
}

// eventParser reads one body, token by token: a decoder into a struct takes names in any case, and
// the last of two members of one name.
type eventParser struct {
	json *json.Decoder
	hash func(string) (string, bool)
}

// batch reads an array of events, or the one event that stands for it.
func (p *eventParser) batch(array bool) (events []Event, bad *EventError) {
	if !array {
		e, bad := p.event()
		if bad != nil {
			return nil, bad
		}
		return []Event{e}, nil
	}
	_, _ = p.json.Token() // the bracket that the caller saw
	for p.json.More() {
		if len(events) == MaxBatch {
			return nil, &EventError{
				Index: -1,
				Why:   fmt.Sprintf("these are too many events: send at most %d", MaxBatch),
			}
		}
		e, bad := p.event()
		if bad != nil {
			bad.Index = len(events)
			return nil, bad
		}
		events = append(events, e)
	}
	if _, err := p.json.Token(); err != nil {
		return nil, &EventError{Index: len(events), Why: "the array does not end"}
	}
	return events, nil
}

// event reads one object.
func (p *eventParser) event() (e Event, bad *EventError) {
	if open, err := p.json.Token(); err != nil || open != json.Delim('{') {
		return e, &EventError{Why: `is no JSON object such as {"subscriber":"ann@example.com",` +
			`"event":"cart_left"}`}
	}
	var seen []string
	for p.json.More() {
		name, err := p.json.Token()
		member, isText := name.(string)
		if err != nil || !isText {
			return e, &EventError{Why: errNoJSON}
		}
		if slices.Contains(seen, member) {
			return e, &EventError{Member: member, Why: "is written twice"}
		}
		if !slices.Contains(eventMembers, member) {
			return e, &EventError{
				Member: shortMember(member),
				Why:    "is unknown: known are " + strings.Join(eventMembers, ", "),
			}
		}
		seen = append(seen, member)
		var raw json.RawMessage
		if err := p.json.Decode(&raw); err != nil {
			return e, &EventError{Member: member, Why: errNoJSON}
		}
		if bytes.Equal(raw, []byte("null")) {
			continue
		}
		if why := p.member(&e, member, raw); why != "" {
			return e, &EventError{Member: member, Why: why}
		}
	}
	if _, err := p.json.Token(); err != nil {
		return e, &EventError{Why: errNoJSON}
	}
	return e, nil
}

// errNoJSON is said of what cannot be read.
const errNoJSON = "is no JSON"

// shortMember is a name that a stranger may have made long.
func shortMember(name string) string {
	if len(name) > 64 {
		return strings.ToValidUTF8(name[:64], "") + "…"
	}
	return name
}

// member reads one member into the event. It answers what is wrong.
func (p *eventParser) member(e *Event, member string, raw []byte) (why string) {
	switch member {
	case memberSubscriber:
		return p.subscriber(e, raw)
	case memberEvent:
		if json.Unmarshal(raw, &e.Name) != nil {
			return "is no text"
		}
	case memberAt:
		return readInstant(&e.At, raw)
	case memberKeep:
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return "is no text such as 30d or 36h"
		}
		keep, err := duration.Parse(text)
		if err != nil {
			return err.Error()
		}
		if keep <= 0 {
			return "must be above 0"
		}
		e.Keep = keep
	case memberValues:
		return readValues(&e.Values, raw)
	}
	return ""
}

// subscriber reads whom the event is about. Some providers hand an e-mail out as an array of one.
func (p *eventParser) subscriber(e *Event, raw []byte) (why string) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var list []string
		if json.Unmarshal(raw, &list) != nil || len(list) != 1 {
			return "is no text"
		}
		text = list[0]
	}
	var ok bool
	if e.Subscriber, ok = p.hash(text); !ok {
		return "is no e-mail address, no phone number such as +905551112233 and no UUID"
	}
	return ""
}

// readInstant reads an instant with its zone.
func readInstant(to *time.Time, raw []byte) (why string) {
	var text string
	const form = "is no instant such as 2026-11-27T00:00:00+01:00"
	if json.Unmarshal(raw, &text) != nil {
		return form
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		return form
	}
	*to = at
	return ""
}

// readValues reads an object of texts. A number is none: whether 5.0 is 5 is for the backend to say.
func readValues(to *map[string]string, raw []byte) (why string) {
	const form = `is no object of texts such as {"total":"49.90"}`
	values := json.NewDecoder(bytes.NewReader(raw))
	if open, err := values.Token(); err != nil || open != json.Delim('{') {
		return form
	}
	read := map[string]string{}
	for values.More() {
		name, _ := values.Token()
		value, err := values.Token()
		key, isText := name.(string)
		text, ok := value.(string)
		if err != nil || !isText || !ok {
			return form
		}
		if _, twice := read[key]; twice {
			return "has a value that is written twice"
		}
		read[key] = text
	}
	*to = read
	return ""
}
