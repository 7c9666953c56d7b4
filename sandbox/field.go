package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// field is one row of the table on the checkout page.
type field struct {
	// Label names it for a reader, Wire in the API call; "" for what only the
	// base link says.
	Label string
	Wire  string
	// Value is what the page shows, Instead what the base link says where the
	// call says something else.
	Value   string
	Instead string
	// Personal tells what the call set from what the base link says.
	Personal bool
	// unconfirmed marks names that Zotlo's reference does not have.
	unconfirmed bool
}

// knownField is a field that has a name on the page, and perhaps a value in the
// base link.
type knownField struct {
	label string
	wire  string
	base  func(BaseLink) string
	// unconfirmed marks what Zotlo's feature page promises (Checkout API
	// Support) but its reference does not name.
	unconfirmed bool
}

// knownFields are the rows of the table, in its order.
var knownFields = []knownField{
	{"Product", "packageName", func(b BaseLink) string { return b.PackageName }, false},
	{"Price", "customPrice", func(b BaseLink) string { return twoDecimals(b.Price) }, false},
	{"Currency", "customCurrency", func(b BaseLink) string { return b.Currency }, false},
	{
		"Additional text", "additionalText",
		func(b BaseLink) string { return b.AdditionalText }, false,
	},
	{"Product image", "productImage", func(b BaseLink) string { return b.ProductImage }, false},
	{"Package", "packageId", func(b BaseLink) string { return b.PackageID }, true},
	{"Title", "title", func(b BaseLink) string { return b.Title }, true},
	{"Description", "description", func(b BaseLink) string { return b.Description }, true},
	{"Button", "buttonText", func(b BaseLink) string { return b.ButtonText }, true},
	{"Shopper", "subscriberId", func(BaseLink) string { return "" }, false},
	{"IP address", "subscriberIpAddress", func(BaseLink) string { return "" }, false},
	{"Language", "language", func(BaseLink) string { return "" }, false},
}

// fieldsOf lists everything a link carries: the known fields first, then the
// custom parameters, then whatever else was sent.
func fieldsOf(l Link) []field {
	rest := maps.Clone(l.Fields)
	delete(rest, "checkoutLinkId")
	delete(rest, "customParameters")
	var list []field
	for _, k := range knownFields {
		own, base := shown(rest[k.wire]), k.base(l.Base)
		delete(rest, k.wire)
		if f, ok := k.field(own, base); ok {
			list = append(list, f)
		}
	}
	list = appendNested(list, "", l.CustomParameters)
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		list = append(list, field{
			Label: "Other field *", Wire: name, Value: shown(rest[name]),
			Personal: true, unconfirmed: true,
		})
	}
	return list
}

// field is the row of a known field. ok is false if neither the call nor the
// base link says anything.
func (k knownField) field(own, base string) (f field, ok bool) {
	f = field{Label: k.label, Value: base}
	if own != "" {
		f = field{
			Label: k.label, Wire: k.wire, Value: own,
			Personal: true, unconfirmed: k.unconfirmed,
		}
		if base != own {
			f.Instead = base
		}
		if k.unconfirmed {
			f.Label += " *"
		}
	}
	return f, f.Value != ""
}

// appendNested lists custom parameters, nested ones by dotted names.
func appendNested(list []field, prefix string, object map[string]any) []field {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if inner, ok := object[name].(map[string]any); ok {
			list = appendNested(list, prefix+name+".", inner)
			continue
		}
		list = append(list, field{
			Label: "Custom parameter", Wire: prefix + name, Value: shown(object[name]),
			Personal: true,
		})
	}
	return list
}

// shown writes any JSON value for a reader: a string as it is, null as nothing.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
