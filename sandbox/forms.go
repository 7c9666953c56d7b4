package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	// dateTime is the form of the dates in webhooks. They bear no zone; the
	// sandbox writes UTC.
	dateTime = "2006-01-02 15:04:05"
	// country is where every shopper of the sandbox lives.
	country = "US"
)

// The kinds of subscriberId: the e-mail pattern is that of Zotlo's checkout
// page, its country list has phones of 7 to 16 digits with the country code
// and no plus, and any RFC 9562 UUID passes, though Zotlo names only v4.
var (
	emailPattern = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)
	phonePattern = regexp.MustCompile(`^[0-9]{7,16}$`)
	uuidPattern  = regexp.MustCompile(`^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`)
)

// Zotlo publishes no rule for these; the samples are "en", "EN" and "pt_br",
// "9.99" and "USD".
var (
	languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(_[A-Za-z0-9]{2,8})*$`)
	pricePattern    = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,2})?$`)
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
)

// maxSubscriber is the longest subscriberId in bytes: the longest e-mail
// address that RFC 5321 lets through (section 4.5.3.1.3, less the brackets).
const maxSubscriber = 254

// isSubscriber reports whether a text is an e-mail address, a phone number or a
// UUID.
func isSubscriber(id string) bool {
	return len(id) <= maxSubscriber &&
		(emailPattern.MatchString(id) || phonePattern.MatchString(id) ||
			uuidPattern.MatchString(id))
}

// isWebURL reports whether a text is an absolute http or https URL.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// text returns a field that is a string, else "".
func text(fields map[string]any, name string) string {
	s, _ := fields[name].(string)
	return s
}

// amountOf reads a decimal exactly. What is none counts as 0: Charge takes any
// text for a price.
func amountOf(price string) *big.Rat {
	if amount, ok := new(big.Rat).SetString(price); ok {
		return amount
	}
	return new(big.Rat)
}

// twoDecimals writes a price as webhooks do, whatever its currency. What is no
// number stays as it is.
func twoDecimals(price string) string {
	f, err := strconv.ParseFloat(price, 64)
	if err != nil {
		return price
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// number turns a price into a JSON number, if it is one.
func number(price string) any {
	f, err := strconv.ParseFloat(price, 64)
	if err != nil {
		return price
	}
	return f
}

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// marshal writes JSON. Nothing that the sandbox writes can fail to be JSON.
func marshal(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // parameters were checked as JSON when the link was created
	}
	return body
}

// pad is a text of this many bytes.
func pad(bytes int) string { return strings.Repeat("x", max(bytes, 0)) }
