package campaign

import "maps"

// Overrides are the fields of the base link that a campaign or a variant changes. Empty ones are
// not sent. Values may hold placeholders in braces; trusted ones only those that a visitor cannot
// write.
type Overrides struct {
	// LinkID is the base link: 1 to 64 of A-Z a-z 0-9 _ and -. Trusted.
	LinkID string `json:"link_id,omitempty"`
	// OneTimePrice is the price that is charged. With a price set, Zotlo sells a one-time payment,
	// whatever the base link's package is. Trusted.
	OneTimePrice *Price `json:"one_time_price,omitempty"`
	// Quote is the price of the base link's package, for pages and tests. It is never sent, and
	// excludes OneTimePrice. Trusted.
	Quote *Price `json:"quote,omitempty"`
	// PackageName is shown for the package; it does not choose the package. Text, cut at 100
	// characters.
	PackageName string `json:"package_name,omitempty"`
	// AdditionalText is an extra text on the checkout page. Text, cut at 250 characters.
	AdditionalText string `json:"additional_text,omitempty"`
	// ProductImage is an absolute https URL of at most 2048 characters. Trusted.
	ProductImage string `json:"product_image,omitempty"`
	// Package, Theme, Layout are trusted; Title, Description, ButtonText are text, cut at 250
	// characters. Zotlo promises these overrides without publishing their field names: see
	// Campaign.Warnings.
	Package     string `json:"package,omitempty"`
	Theme       string `json:"theme,omitempty"`
	Layout      string `json:"layout,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	ButtonText  string `json:"button_text,omitempty"`
	// Fields are other top-level fields by name, for names that Zotlo tells you. Trusted.
	Fields map[string]string `json:"field,omitempty"`
	// Language is one of Options.Languages. A placeholder's value is matched into them. Text.
	Language string `json:"language,omitempty"`
	// CustomParameters are metadata by dotted key. Any placeholder may stand in them. In a variant,
	// an empty value removes what the campaign set.
	CustomParameters map[string]string `json:"custom_parameter,omitempty"`
	// MMP are custom parameters below "mmp", where Zotlo looks for the ids of attribution partners.
	MMP map[string]string `json:"mmp,omitempty"`
}

// trust says whose placeholders an override may hold.
type trust string

const (
	trusted trust = "trusted" // only those that a visitor cannot write
	texts   trust = "text"    // any; what could carry markup is removed
	anyone  trust = "any"     // any, as they are
)

// override is one option that changes the base link. Exactly one of text, price and entries is set:
// where its value stands in Overrides.
type override struct {
	name  string
	wire  string // field of the request, or prefix of a parameter's key; empty: it is never sent
	trust trust
	limit int // characters; for texts: where they are cut

	text    func(*Overrides) *string
	price   func(*Overrides) **Price
	entries func(*Overrides) *map[string]string

	key   func(string) error                    // checks a key of entries
	check func(*slot, string) (string, error)   // checks and completes a value
	put   func(o *Offer, s *slot, value string) // into an offer
	get   func(o *Offer, key string) string     // out of an offer

	must    bool // unusable: no offer at all, instead of an offer without it
	guessed bool // not in Zotlo's published reference
}

// overrides is the one place that knows which overrides there are, what they are called on the
// wire, whom they trust, how they are checked and where they stand, in their documented order.
var overrides = []override{
	{
		name: "link_id", wire: "checkoutLinkId", trust: trusted, must: true,
		text:  func(o *Overrides) *string { return &o.LinkID },
		check: checkLinkID,
		put:   func(o *Offer, _ *slot, v string) { o.LinkID = v },
		get:   func(o *Offer, _ string) string { return o.LinkID },
	},
	{
		name: "one_time_price", wire: "customPrice", trust: trusted, must: true,
		price: func(o *Overrides) **Price { return &o.OneTimePrice },
		check: checkAmount,
		put:   func(o *Offer, s *slot, v string) { o.Price = s.price(v) },
		get:   func(o *Offer, _ string) string { return o.Price.String() },
	},
	{
		name: "quote", trust: trusted,
		price: func(o *Overrides) **Price { return &o.Quote },
		check: checkAmount,
		put:   func(o *Offer, s *slot, v string) { o.Quote = s.price(v) },
		get:   func(o *Offer, _ string) string { return o.Quote.String() },
	},
	{
		name: "package_name", wire: "packageName", trust: texts, limit: maxPackageName,
		text:  func(o *Overrides) *string { return &o.PackageName },
		check: checkText, put: putField,
	},
	{
		name: "additional_text", wire: "additionalText", trust: texts, limit: maxAdditionalText,
		text:  func(o *Overrides) *string { return &o.AdditionalText },
		check: checkText, put: putField,
	},
	{
		name: "product_image", wire: "productImage", trust: trusted, limit: maxValue,
		text:  func(o *Overrides) *string { return &o.ProductImage },
		check: checkImage, put: putField,
	},
	{
		name: "package", wire: "packageId", trust: trusted, limit: maxText, guessed: true,
		text:  func(o *Overrides) *string { return &o.Package },
		check: checkPlain, put: putField,
	},
	{
		name: "theme", wire: "theme", trust: trusted, limit: maxText, guessed: true,
		text:  func(o *Overrides) *string { return &o.Theme },
		check: checkPlain, put: putField,
	},
	{
		name: "layout", wire: "layout", trust: trusted, limit: maxText, guessed: true,
		text:  func(o *Overrides) *string { return &o.Layout },
		check: checkPlain, put: putField,
	},
	{
		name: "title", wire: "title", trust: texts, limit: maxText, guessed: true,
		text:  func(o *Overrides) *string { return &o.Title },
		check: checkText, put: putField,
	},
	{
		name: "description", wire: "description", trust: texts, limit: maxText, guessed: true,
		text:  func(o *Overrides) *string { return &o.Description },
		check: checkText, put: putField,
	},
	{
		name: "button_text", wire: "buttonText", trust: texts, limit: maxText, guessed: true,
		text:  func(o *Overrides) *string { return &o.ButtonText },
		check: checkText, put: putField,
	},
	{
		name: "field", trust: trusted, limit: maxValue, guessed: true,
		entries: func(o *Overrides) *map[string]string { return &o.Fields },
		key:     checkFieldName,
		check:   checkPlain, put: putField,
	},
	{
		name: "language", wire: "language", trust: texts,
		text:  func(o *Overrides) *string { return &o.Language },
		check: checkLanguage,
		put:   func(o *Offer, _ *slot, v string) { o.Language = v },
		get:   func(o *Offer, _ string) string { return o.Language },
	},
	{
		name: "custom_parameter", trust: anyone, limit: maxParameterValue,
		entries: func(o *Overrides) *map[string]string { return &o.CustomParameters },
		key:     checkParameterKey,
		check:   checkPlain, put: putParameter,
	},
	{
		name: "mmp", wire: "mmp.", trust: anyone, limit: maxParameterValue,
		entries: func(o *Overrides) *map[string]string { return &o.MMP },
		key:     checkKey,
		check:   checkPlain, put: putParameter,
	},
}

// set reports whether the override stands in o.
func (ov *override) set(o *Overrides) bool {
	switch {
	case ov.text != nil:
		return *ov.text(o) != ""
	case ov.price != nil:
		return *ov.price(o) != nil
	}
	return len(*ov.entries(o)) > 0
}

// over returns the overrides of a campaign with those of a variant put over them, entry by entry.
// Neither of the two is changed: maps are cloned before entries are put over others.
func (o Overrides) over(base Overrides) Overrides {
	merged := base
	for i := range overrides {
		ov := &overrides[i]
		switch {
		case !ov.set(&o):
		case ov.text != nil:
			*ov.text(&merged) = *ov.text(&o)
		case ov.price != nil:
			*ov.price(&merged) = *ov.price(&o)
		default:
			entries := maps.Clone(*ov.entries(&base))
			if entries == nil {
				entries = make(map[string]string)
			}
			maps.Copy(entries, *ov.entries(&o))
			*ov.entries(&merged) = entries
		}
	}
	return merged
}
