package campaign

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/caddy-checkout/checkout/internal/money"
)

// This file compiles overrides at load and resolves them at each request. Both ways go through the
// same check, so a placeholder can bring in nothing that the operator could not have written.

// slot is one override, ready to be resolved: a constant, or a template.
type slot struct {
	override *override
	name     string   // field name or dotted key
	value    string   // the value, when parts is nil
	parts    template // nil: the value is a constant

	currency  string       // of a price
	low, high money.Amount // bounds of an amount; zero: none
	bounds    string       // the same as they are written, for messages
	languages *Languages   // of language
	shortened bool         // the constant was longer than the limit
}

// compile checks the overrides and turns them into slots, in the order in which an offer lists
// them: overrides without a key first, then fields by name, then parameters by key.
func (o Overrides) compile(opt Options) ([]slot, error) {
	var slots []slot
	for i := range overrides {
		ov := &overrides[i]
		if !ov.set(&o) {
			continue
		}
		more, err := ov.compile(&o, opt)
		if err != nil {
			return nil, err
		}
		slots = append(slots, more...)
	}
	if o.Quote != nil && o.OneTimePrice != nil {
		return nil, errors.New("quote beside one_time_price:" +
			" a quote is the price of the base link's package, which one_time_price replaces; write one of them")
	}
	// Custom parameters and mmp share one object on the wire, so they are checked together.
	if err := checkParameters(slots); err != nil {
		return nil, err
	}
	slices.SortStableFunc(slots, func(a, b slot) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(a.name, b.name))
	})
	return slots, nil
}

// Where a slot's value goes, in the order in which an offer lists them.
const (
	rankMember    = iota // a member of Offer
	rankField            // Offer.Fields
	rankParameter        // Offer.Parameters
)

// rank is where the slot's value goes. An override with a getter is a member of Offer; of the
// others only parameters take any visitor's values.
func (s *slot) rank() int {
	switch {
	case s.override.get != nil:
		return rankMember
	case s.override.trust != anyone:
		return rankField
	}
	return rankParameter
}

// compile turns one override that is set into its slots.
func (ov *override) compile(o *Overrides, opt Options) ([]slot, error) {
	switch {
	case ov.text != nil:
		s := slot{override: ov, name: ov.wire, languages: opt.Languages}
		return []slot{s}, wrap(ov.name, s.parse(*ov.text(o), opt))
	case ov.price != nil:
		s, err := ov.compilePrice(*ov.price(o), opt)
		return []slot{s}, wrap(ov.name, err)
	}
	entries := *ov.entries(o)
	slots := make([]slot, 0, len(entries))
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if err := ov.key(key); err != nil {
			return nil, wrap(ov.name, err)
		}
		if entries[key] == "" {
			continue // not sent; a variant's way to remove what the campaign set
		}
		s := slot{override: ov, name: ov.wire + key}
		if err := s.parse(entries[key], opt); err != nil {
			return nil, wrap(ov.name+" "+key, err)
		}
		slots = append(slots, s)
	}
	return slots, nil
}

// compilePrice makes the slot of a price. Currency and bounds are checked before the amount, which
// is read by them.
func (ov *override) compilePrice(p *Price, opt Options) (slot, error) {
	s := slot{override: ov, name: ov.wire, currency: p.Currency}
	parts, err := opt.ParseTemplate(p.Amount)
	if err != nil {
		return s, err
	}
	_, constant := template(parts).constant()
	if s.low, s.high, err = p.check(ov.name, ov.must, !constant); err != nil {
		return s, err
	}
	s.bounds = p.Min + " and " + p.Max
	return s, s.parse(p.Amount, opt)
}

// parse reads a configured value. A constant is checked now, with the check that a placeholder's
// value meets later.
func (s *slot) parse(text string, opt Options) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%q %w", cut(text, 64), errNotUTF8)
	}
	parts, err := opt.ParseTemplate(text)
	if err != nil {
		return err
	}
	constant, ok := template(parts).constant()
	if !ok {
		s.parts = parts
		return nil
	}
	if s.value, err = s.override.check(s, constant); err != nil {
		return fmt.Errorf("%q %w", cut(constant, 64), err)
	}
	// Only texts are cut; every other check refuses what is too long.
	s.shortened = len(s.value) < len(constant)
	return nil
}

// label names the slot as the configuration does.
func (s *slot) label() string {
	if s.override.entries == nil {
		return s.override.name
	}
	return s.override.name + " " + strings.TrimPrefix(s.name, s.override.wire)
}

// wrap puts the name of an option in front of what is wrong with it.
func wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// size is what the slot takes of maxParameterBytes as far as that is known before a request.
func (s *slot) size() int {
	if s.parts != nil {
		return 0
	}
	return len(s.name) + len(s.value)
}

// flaw is what keeps a value out of an offer; the zero flaw is none.
type flaw struct {
	why     string // never holds a value, so that it can be logged
	missing bool   // there was no value
}

// resolve returns the slot's value for one request, checked and complete, or what is wrong with it.
func (s *slot) resolve(facts Facts) (value string, bad flaw) {
	if s.parts == nil {
		return s.value, flaw{}
	}
	value, bad = s.expand(facts)
	if bad.why != "" {
		return "", bad
	}
	// The value of a placeholder meets the same check as a constant did at load.
	value, err := s.override.check(s, value)
	if err != nil {
		return "", flaw{why: err.Error()}
	}
	return value, flaw{}
}

// expand puts the placeholders' values in place. They are never looked at for placeholders again.
func (s *slot) expand(facts Facts) (value string, bad flaw) {
	if len(s.parts) == 1 {
		return s.fill(facts, s.parts[0].Key)
	}
	var out strings.Builder
	for _, part := range s.parts {
		v := part.Literal
		if part.Key != "" {
			if v, bad = s.fill(facts, part.Key); bad.why != "" {
				return "", bad
			}
		}
		out.WriteString(v)
	}
	return out.String(), flaw{}
}

// fill is one placeholder's value, or why there is none.
func (s *slot) fill(facts Facts, key string) (value string, bad flaw) {
	if s.override.trust == trusted && !facts.Trusted(key) {
		return "", flaw{why: "placeholder {" + key + "} is not trusted here"}
	}
	v, ok := facts.Value(key)
	if !ok || strings.TrimSpace(v) == "" {
		return "", flaw{noValue(key), true}
	}
	if s.override.trust == texts {
		if v = clean(v); strings.TrimSpace(v) == "" {
			return "", flaw{why: noValue(key)} // nothing but characters that are removed
		}
	}
	return v, flaw{}
}

// noValue says that a placeholder is missing, empty, or blank after it was cleaned. It names the
// key and never the value.
func noValue(key string) string { return "placeholder {" + key + "} has no usable value" }
