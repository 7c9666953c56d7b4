package ledger

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// This file is the attribution of a payment: how a link says what it was made for, and how that
// comes back. It is the one home of the short names on the wire.

// Attribution is what rides in customParameters.checkout of a link, one text in URL query form.
// Zotlo hands it back in the webhook of the payment, and that is how a payment finds the campaign
// that sold it and the shopper whom the link was for. The names on the wire have one letter each.
// The text rides in a parameter of which Zotlo does not say how long it may be. A letter is never
// given another meaning: links are out while a node is replaced.
type Attribution struct {
	Campaign   string // c
	Experiment string // e
	Variant    string // v
	Price      string // p
	Currency   string // u
	Subscriber string // s: a keyed hash, whose text this package does not read
	Random     string // r: makes two links of one order tell apart

	Quote         string // q: the price that a page quoted for the base link, and
	QuoteCurrency string // k: its currency
	Partner       string // a: a partner's code, or its hash where the code is long
	Offer         string // o: the hash of a signed offer's id
	Minute        string // t: when the link was made, in whole minutes since 1970; see At
}

// At is the minute in which the link was made. It is zero for a link of version 1. Minutes are
// short on the wire, and what is decided by them is counted in hours.
func (a Attribution) At() time.Time {
	minutes, err := strconv.ParseInt(a.Minute, 10, 32)
	if err != nil || minutes <= 0 {
		return time.Time{}
	}
	return time.Unix(minutes*60, 0)
}

// MinuteOf writes a time as Attribution.Minute. The hour decides what is too old, so a minute is
// exact enough.
func MinuteOf(t time.Time) string { return strconv.FormatInt(t.Unix()/60, 10) }

// AttributedUntil is how long a first charge is attributed by a text that was written at t. What
// is bought later counts under no campaign.
func AttributedUntil(t time.Time) time.Time {
	return t.Truncate(time.Minute).Add(attributionLife)
}

// maxAttribution bounds what ParseAttribution reads. Ours have at most MaxAttribution characters.
// The rest is room for what a newer version may write. It is read before anything is proved, so the
// bound is on what an anonymous visitor can cost.
const maxAttribution = 2048

// MaxAttribution is how long the text of a link may be, in characters, its proof included.
const MaxAttribution = 512

// errAttribution is the one error of ParseAttribution. It says nothing of the text, which anybody
// may have sent.
var errAttribution = errors.New("not an attribution of ours")

// String writes the query form; empty fields are left out. The order of the fields is fixed, so
// that the same attribution gives the same text. Values are escaped, so a campaign's name may hold
// any character.
func (a Attribution) String() string {
	b := make([]byte, 0, 128)
	for _, f := range a.fields() {
		if *f.value == "" {
			continue
		}
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(b, f.name...)
		b = append(b, '=')
		b = append(b, url.QueryEscape(*f.value)...)
	}
	return string(b)
}

// ParseAttribution reads what String wrote. Unknown names are passed over, so that an older node
// can read what a newer one wrote. A text without any known name, with one twice, with a value that
// is not printable, or in no query form is an error.
func ParseAttribution(text string) (Attribution, error) {
	// The length comes first: parsing costs memory for every field that a text holds.
	if len(text) > maxAttribution {
		return Attribution{}, errAttribution
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return Attribution{}, errAttribution // the text of err would quote what came in
	}
	var a Attribution
	known := false
	for _, f := range a.fields() {
		switch got := values[f.name]; len(got) {
		// Absent: String leaves empty fields out.
		case 0:
		case 1:
			if !printable(got[0]) {
				return Attribution{}, errAttribution // it may end up in a log
			}
			*f.value, known = got[0], true
		// Twice: two readers could choose differently, so neither value counts.
		default:
			return Attribution{}, errAttribution
		}
	}
	if !known {
		return Attribution{}, errAttribution
	}
	return a, nil
}

// maxValue bounds one value, in bytes. A value may be percent-encoded on the wire, and is measured
// as it is read.
const maxValue = 1024

// printable reports whether a value is valid UTF-8 without control characters, and short enough.
// What is not may break a log line, or a note, which is separated by tabs and line breaks.
func printable(text string) bool {
	return len(text) <= maxValue && !strings.ContainsFunc(text, func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsPrint(r)
	})
}

// attributionField is a field's name on the wire, and where its value stands in an Attribution.
type attributionField struct {
	name  string
	value *string
}

// fields lists the fields in the order in which String writes them. Reading and writing go over the
// same list, so that neither can know a field that the other does not. The order is that of the
// text, which the MAC covers. A new field goes to the end.
func (a *Attribution) fields() []attributionField {
	return []attributionField{
		{"c", &a.Campaign},
		{"e", &a.Experiment},
		{"v", &a.Variant},
		{"p", &a.Price},
		{"u", &a.Currency},
		{"s", &a.Subscriber},
		{"r", &a.Random},
		{"q", &a.Quote},
		{"k", &a.QuoteCurrency},
		{"a", &a.Partner},
		{"o", &a.Offer},
		{"t", &a.Minute},
	}
}
