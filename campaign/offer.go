package campaign

import "strings"

// Offer is what one request gets. Offers without placeholders are shared between requests: treat
// every offer as read-only.
type Offer struct {
	Campaign *Campaign
	// Experiment is the experiment's key; empty when the campaign has none or the user is not
	// covered.
	Experiment string
	// Variant is the variant's name; empty without Experiment. It says what the shopper sees, which
	// is not yet that they take part: see Counted.
	Variant string
	// Reason is OpenFeature's name for how the variant came about:
	//
	//   - STATIC: there was nothing to choose, or Explain was asked for the variant.
	//   - SPLIT: the user's bucket chose it.
	//   - DEFAULT: the user has no stable id, so they see the first variant. Of signed-in users
	//     that means that none of them has the claim that HashAttribute names: a likely mistake.
	//   - DISABLED: the experiment does not cover the user, who gets the campaign alone.
	Reason string
	// Bucket is the user's bucket, 0 to 9999, in an offer of Explain; -1 when nothing was hashed,
	// and in the offers of Decide, which are shared by users of many buckets.
	Bucket int
	// Counted reports whether handing out this offer to a known subscriber is an exposure of
	// Variant. Only then may the attribution of a payment carry Experiment and Variant: without it
	// the payment belongs to the campaign alone, or users whom the hash did not choose would tip
	// the result. A guest, who has no subscriber, is never counted, whatever Counted says.
	Counted bool
	// LinkID is the base link. It is empty where the campaign can only be sold by an embedded
	// checkout: see Campaign.ForLink.
	LinkID string
	// Price is the one-time price that is sent: Amount and Currency. Zero if none.
	Price Price
	// Quote is the price that is only shown. Zero if none.
	Quote Price
	// Language is one of Options.Languages, or empty when the campaign does not say.
	Language string
	// Fields are the top-level wire fields in the order of their names, without checkoutLinkId,
	// customPrice, customCurrency and language.
	Fields []field
	// Parameters are the custom parameters by dotted key, in the order of their keys.
	Parameters []field
	// Dropped names the override of each value that was missing or unusable and is left out; one
	// may be there more than once.
	Dropped []string
	// Unusable says why of each value in Dropped that was there all the same, such as
	// "custom_parameter ttclid: must be at most 256 characters". A value that is missing is in
	// Dropped alone: most visitors come without a click id. It holds no values, so that it can be
	// logged.
	Unusable []string
}

// field is a name and its value. It is a plain struct, so that a caller can hand fields on to
// another package without copying them.
type field = struct{ Name, Value string }

// Override returns the resolved value of an override, such as "package_name". Prices read
// "19.99 EUR". Entries of keyed ones are named name.key: "field.NAME", "custom_parameter.KEY",
// "mmp.KEY". It is not ok when the offer does not change that field.
func (o *Offer) Override(name string) (string, bool) {
	name, key, _ := strings.Cut(name, ".")
	ov := overrideNamed(name)
	if ov == nil || (ov.entries != nil) != (key != "") {
		return "", false
	}
	var v string
	switch {
	case ov.get != nil:
		v = ov.get(o, key)
	case ov.trust == anyone:
		v = find(o.Parameters, ov.wire+key)
	case ov.entries != nil:
		v = find(o.Fields, key)
	default:
		v = find(o.Fields, ov.wire)
	}
	return v, v != ""
}

// find is the value of the named field, or nothing. Offers have few fields, so it looks at each.
func find(fields []field, name string) string {
	for i := range fields {
		if fields[i].Name == name {
			return fields[i].Value
		}
	}
	return ""
}

// overrideNamed is the entry of the table of overrides with that name, or nil.
func overrideNamed(name string) *override {
	for i := range overrides {
		if overrides[i].name == name {
			return &overrides[i]
		}
	}
	return nil
}

// drop notes that the value of a slot is left out.
func (o *Offer) drop(s *slot, bad flaw) {
	o.Dropped = append(o.Dropped, s.override.name)
	if !bad.missing {
		o.Unusable = append(o.Unusable, s.label()+": "+bad.why)
	}
}

// putField adds a value to the top-level fields of an offer.
func putField(o *Offer, s *slot, v string) { o.Fields = append(o.Fields, field{s.name, v}) }

// putParameter adds a value to the custom parameters of an offer.
func putParameter(o *Offer, s *slot, v string) {
	o.Parameters = append(o.Parameters, field{s.name, v})
}

// The reasons of OpenFeature that an offer can have.
const (
	reasonStatic   = "STATIC"
	reasonSplit    = "SPLIT"
	reasonDefault  = "DEFAULT"
	reasonDisabled = "DISABLED"
)

// arm is one way through a campaign: the campaign alone or with a variant, and how one gets there.
type arm struct {
	head   Offer  // what is the same for all requests, without the overrides
	slots  []slot // the overrides
	shared *Offer // the complete offer, when no slot is a template

	fields, parameters int // how many an offer can have
	room               int // bytes that the constant parameters leave to the others
}

// newArm makes an arm and, if it can, its one offer.
func newArm(head Offer, slots []slot) *arm {
	head.Bucket = -1
	a := &arm{head: head, slots: slots, room: maxParameterBytes}
	constant := true
	for i := range slots {
		s := &slots[i]
		constant = constant && s.parts == nil
		switch s.rank() {
		case rankField:
			a.fields++
		case rankParameter:
			a.parameters++
			a.room -= s.size()
		}
	}
	if constant {
		a.shared, _ = a.resolve(nil, nil) // constants were checked, and ask no Facts
	}
	return a
}

// offer is the arm's offer for one request. reasons, if not nil, takes why values are left out.
func (a *arm) offer(facts Facts, reasons *[]string) (*Offer, *Error) {
	if a.shared != nil {
		return a.shared, nil
	}
	return a.resolve(facts, reasons)
}

// resolve makes a new offer out of the arm's slots, in their order. An unusable price or link id is
// an error; any other unusable value is left out and named in the offer.
func (a *arm) resolve(facts Facts, reasons *[]string) (*Offer, *Error) {
	o := a.head
	if a.fields > 0 {
		o.Fields = make([]field, 0, a.fields)
	}
	if a.parameters > 0 {
		o.Parameters = make([]field, 0, a.parameters)
	}
	room := a.room
	for i := range a.slots {
		s := &a.slots[i]
		v, bad := s.resolve(facts)
		if s.parts != nil && s.rank() == rankParameter && bad.why == "" {
			// The constants have their room already: what a visitor sends cannot push out what the
			// operator wrote.
			if need := len(s.name) + len(v); need <= room {
				room -= need
			} else {
				bad.why = "no room: parameters are limited to 2 KiB in all"
			}
		}
		switch {
		case bad.why == "":
			s.override.put(&o, s, v)
		case s.override.must:
			return nil, &Error{Campaign: o.Campaign, Override: s.override.name, Why: bad.why}
		default:
			o.drop(s, bad)
			if reasons != nil {
				*reasons = append(*reasons, s.label()+": "+bad.why)
			}
		}
	}
	return &o, nil
}
