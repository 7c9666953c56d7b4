package linkgen

import (
	"errors"
	"net/url"
)

// Attribution is what rides in customParameters.checkout, one string in URL query form. Zotlo hands it back in the
// webhook of the payment, and that is how a payment finds its campaign and its shopper.
type Attribution struct {
	Campaign   string // c
	Experiment string // e
	Variant    string // v
	Price      string // p
	Currency   string // u
	Subject    string // s: Subject.String
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

// ParseAttribution reads what String wrote. Unknown names are passed over, so that an older node can read what a newer
// one wrote; a text without any known name, with one twice, with a value that is not printable or in no query form is an
// error.
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
			if printable(got[0]) != got[0] {
				return Attribution{}, errAttribution // whatever comes in may end up in a log
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
		{"s", &a.Subject},
		{"r", &a.Random},
	}
}
