package ledger

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-checkout/checkout/zotlo"
)

// Attribution is what rides in customParameters.checkout of a link, one text in URL query form.
// Zotlo hands it back in the webhook of the payment, and that is how a payment finds the campaign
// that sold it and the shopper whom the link was for.
type Attribution struct {
	Campaign   string // c
	Experiment string // e
	Variant    string // v
	Price      string // p
	Currency   string // u
	Subscriber string // s: a keyed hash, whose text this package does not read
	Random     string // r: makes two links of one order tell apart
}

// maxAttribution bounds what ParseAttribution reads. Ours are below 400 bytes.
const maxAttribution = 2048

var errAttribution = errors.New("not an attribution of ours")

// String writes the query form; empty fields are left out.
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
		case 0:
		case 1:
			if !printable(got[0]) {
				return Attribution{}, errAttribution // it may end up in a log
			}
			*f.value, known = got[0], true
		default:
			return Attribution{}, errAttribution
		}
	}
	if !known {
		return Attribution{}, errAttribution
	}
	return a, nil
}

// AttributionOf is the attribution that came back with a webhook, wherever Zotlo put it; it is zero
// where none did.
func AttributionOf(event zotlo.Event) Attribution {
	for _, text := range event.Checkout {
		if a, err := ParseAttribution(text); err == nil && a != (Attribution{}) {
			return a
		}
	}
	return Attribution{}
}

// maxValue bounds one value, in bytes.
const maxValue = 1024

func printable(text string) bool {
	return len(text) <= maxValue && !strings.ContainsFunc(text, func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsPrint(r)
	})
}

type attributionField struct {
	name  string
	value *string
}

func (a *Attribution) fields() []attributionField {
	return []attributionField{
		{"c", &a.Campaign},
		{"e", &a.Experiment},
		{"v", &a.Variant},
		{"p", &a.Price},
		{"u", &a.Currency},
		{"s", &a.Subscriber},
		{"r", &a.Random},
	}
}
