package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strings"
)

// The fields of a call that must be there, and those that must be strings if
// they are. The published sample writes every scalar as a string, and unused
// optional fields as "".
//
// https://docs.zotlo.com/integrating-zotlo/api-reference/checkout-endpoints/generate-personalized-link
var (
	requiredFields = []string{"applicationKey", "checkoutLinkId", "subscriberIpAddress", "language"}
	stringFields   = append([]string{
		"subscriberId", "productImage", "additionalText", "packageName", "customPrice",
		"customCurrency",
	}, requiredFields...)
)

// checkHeader refuses a call before its body is looked at: a wrong method,
// wrong keys, another media type than JSON. It returns nil for a good one.
func (k keys) checkHeader(r *http.Request) *refusal {
	if r.Method != http.MethodPost {
		return refuse(http.StatusNotFound, CodeEndpoint, "invalid endpoint")
	}
	if e := k.check(r); e != nil {
		return e
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return invented(CodeInventedBody, "Content-Type must be application/json")
	}
	return nil
}

// decodeFields reads the body as exactly one JSON object. Of a name that stands
// twice the last value counts, as encoding/json has it.
func decodeFields(raw []byte) (map[string]any, *refusal) {
	var fields map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&fields); err != nil || fields == nil {
		return nil, invented(CodeInventedBody, "the body must be a JSON object")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, invented(CodeInventedBody, "something follows the JSON object")
	}
	return fields, nil
}

// checkFields applies the rules of the request table. Fields it does not know
// are accepted, as Zotlo's answer to them is not published.
func (k keys) checkFields(fields map[string]any) *refusal {
	for _, name := range stringFields {
		v, present := fields[name]
		if _, ok := v.(string); present && !ok {
			return invented(CodeInventedField, name+" must be a string")
		}
	}
	for _, name := range requiredFields {
		if text(fields, name) == "" {
			return invented(CodeInventedField, name+" is required")
		}
	}
	if v, present := fields["customParameters"]; present {
		if _, ok := v.(map[string]any); !ok {
			return invented(CodeInventedField, "customParameters must be an object")
		}
	}
	if key := text(fields, "applicationKey"); key != k.application && key != k.test {
		return invented(CodeInventedApplication, "unknown applicationKey")
	}
	if id := text(fields, "subscriberId"); id != "" && !isSubscriber(id) {
		return refuse(http.StatusBadRequest, CodeSubscriberID, "subscriberId is invalid")
	}
	return checkForms(fields)
}

// checkForms looks at the fields whose value has a form: address, language,
// image, price and currency.
func checkForms(fields map[string]any) *refusal {
	addr, err := netip.ParseAddr(text(fields, "subscriberIpAddress"))
	if err != nil || addr.Zone() != "" {
		return invented(CodeInventedField, "subscriberIpAddress must be an IP address")
	}
	if !languagePattern.MatchString(text(fields, "language")) {
		return invented(CodeInventedField, "language must look like en or pt_br")
	}
	if image := text(fields, "productImage"); image != "" && !isWebURL(image) {
		return invented(CodeInventedField, "productImage must be an absolute URL")
	}
	price, currency := text(fields, "customPrice"), text(fields, "customCurrency")
	if price == "" && currency == "" {
		return nil
	}
	// The hosted page takes the two only together.
	if !pricePattern.MatchString(price) || strings.Trim(price, "0.") == "" ||
		!currencyPattern.MatchString(currency) {
		return invented(CodeInventedPrice,
			"customPrice and customCurrency must be given together, like 9.99 and USD")
	}
	return nil
}
