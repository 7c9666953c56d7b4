package caddymodule

import (
	"net/url"
	"slices"
	"strings"
)

// The placeholders of a visit.
const placeholderPrefix = "http.checkout."

// placeholder answers {http.checkout.*} for the request's newest visit.
func (v *visit) placeholder(key string) (any, bool) {
	name, ok := strings.CutPrefix(key, placeholderPrefix)
	if !ok {
		return nil, false
	}
	v = v.newest
	if path, ok := strings.CutPrefix(name, "claim."); ok {
		claim, _ := v.claim(path)
		return claim, true
	}
	switch name {
	case "return_to":
		return url.QueryEscape(returnTo(v.r)), true // whoever puts it into a query needs nothing more
	case "outcome":
		return v.outcome, true
	}
	return v.offering().offered(name)
}

// offering is the visit whose offer the page has: a checkout_link that ended without one takes nothing from an earlier checkout_offer.
// Only what is shown comes from there. While a visit decides it knows its own offer alone, and the user is always its own.
func (v *visit) offering() *visit {
	for v.over && v.offer == nil && v.before != nil {
		v = v.before
	}
	return v
}

// offered answers the placeholders of the chosen offer; before an offer is chosen they are empty.
func (v *visit) offered(name string) (any, bool) {
	word, isOverride := strings.CutPrefix(name, "override.")
	o := v.offer
	if o == nil {
		return "", isOverride || slices.Contains(visitWords, name)
	}
	if isOverride {
		value, _ := o.Override(word)
		return value, true
	}
	price := o.Price
	if price.Amount == "" {
		price = o.Quote
	}
	switch name {
	case "campaign":
		return o.Campaign.Name(), true
	case "experiment":
		return o.Experiment, true
	case "variant":
		return o.Variant, true
	case "price":
		return price.Amount, true
	case "currency":
		return price.Currency, true
	}
	return nil, false
}
