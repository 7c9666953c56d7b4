package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// field is one row of the table on the checkout page.
type field struct {
	Label    string
	Wire     string // the name in the API call
	Value    string
	Instead  string // what the base link says, if something else stands there
	Personal bool

	unconfirmed bool
}

// knownField is a field whose base the template knows.
type knownField struct {
	label string
	wire  string
	base  func(BaseLink) string
	// unconfirmed marks what Zotlo's feature page promises but its reference
	// does not name.
	unconfirmed bool
}

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

func (k knownField) field(own, base string) (field, bool) {
	f := field{Label: k.label, Value: base}
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

// shown writes any JSON value for a reader.
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
