package partners

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
)

// Visit is what one request says about partners. All directives of the request share it. A nil one is
// of a configuration without partners. It is for one goroutine.
type Visit struct {
	program *Program
	arrival Arrival
	met     bool
	// The answer sets the cookie.
	remembered bool
}

// Partner is who has sent the visitor; perhaps nobody.
func (v *Visit) Partner() Partner {
	if v == nil {
		return Partner{}
	}
	return v.arrival.Partner
}

// IsFor reports whether a campaign for partners is for the one who has sent the visitor. keys are
// those of Prepare; without any, the campaign is for every partner.
func (v *Visit) IsFor(keys []string) bool {
	p := v.Partner()
	if !p.Known() {
		return false
	}
	if len(keys) == 0 {
		return true
	}
	_, found := slices.BinarySearch(keys, p.Key())
	return found
}

// Meet counts the codes that the request brought, and remembers the first partner of the visitor. It
// is for requests of visitors who come to see something: a browser's guess earns nobody a share. A
// request counts once, however many directives it meets. value is that of a placeholder.
func (v *Visit) Meet(
	w http.ResponseWriter, value func(key string) (string, bool), count func(Code),
) {
	if v == nil || v.met {
		return
	}
	v.met = true
	for _, code := range v.arrival.Codes {
		count(code)
	}
	if v.program.remember == 0 {
		return
	}
	if v.program.consent != "" {
		if text, _ := value(v.program.consent); !Consents(text) {
			return
		}
	}
	v.remembered = v.arrival.Remember(w, v.program.remember)
}

// Remembered reports whether the answer to the request sets the visitor's cookie. Then no cache that
// others use may have it.
func (v *Visit) Remembered() bool { return v != nil && v.remembered }

// Value answers {http.checkout.partner} and {http.checkout.partner.<column>}, by what follows
// http.checkout in their names.
func (v *Visit) Value(name string) (value any, ok bool) {
	rest, ok := strings.CutPrefix(name, placeholder.Partner)
	if !ok {
		return nil, false
	}
	if rest == "" {
		return v.Partner().Code(), true
	}
	column, ok := strings.CutPrefix(rest, ".")
	if !ok {
		return nil, false
	}
	return v.Partner().Value(column), true
}

// Explain says who has sent the visitor, and what became of the codes of the request.
func (v *Visit) Explain() (facts []string) {
	if v == nil {
		return nil
	}
	if p := v.Partner(); p.Known() {
		facts = append(facts, fmt.Sprintf("partner: %s, by %s", p.Code(), v.arrival.By))
	} else {
		facts = append(facts, "partner: nobody")
	}
	for _, code := range v.arrival.Codes {
		switch code.Result {
		case Unknown:
			facts = append(facts, fmt.Sprintf("partner: the code in the %s is nobody's", code.In))
		case Inactive:
			facts = append(facts, fmt.Sprintf("partner: the one whom the %s names is not active",
				code.In))
		}
	}
	return facts
}

// WhyNot says why a campaign for these codes is not for the visitor.
func (v *Visit) WhyNot(asked []string) string {
	wants := strings.Join(asked, ", ")
	if wants == "" {
		wants = "any partner"
	}
	came := "nobody"
	if p := v.Partner(); p.Known() {
		came = p.Code()
	}
	return fmt.Sprintf("wants %s, and the visitor was sent by %s", wants, came)
}
