package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// cell is one value of a row, and the line that it stands in.
type cell struct {
	line int
	text string
}

// row is one product as it is written: its members by name.
type row struct {
	line  int
	cells map[string]cell
}

// wrong is an error about a member of the row.
func (r row) wrong(member string, why error) error {
	line := r.line
	if c, ok := r.cells[member]; ok {
		line = c.line
	}
	return fmt.Errorf("line %d: %s: %w", line, member, why)
}

// catalogRules are the members of a row, and what is right for each. An empty
// text is asked only of those that are required.
var catalogRules = map[string]struct {
	required bool
	check    func(text string) error
}{
	"link_id":      {true, linkIDRule},
	"package":      {true, plainText},
	"price":        {true, priceRule},
	"currency":     {true, currencyRule},
	"package_name": {false, plainText},
	"name":         {false, plainText},
	"period":       {false, periodRule},
	"trial_period": {false, periodRule},
	"trial_price":  {false, trialPriceRule},
	"one_time":     {false, yesOrNo},
}

// product reads the row.
func (r row) product() (id string, base BaseLink, err error) {
	for _, name := range slices.Sorted(maps.Keys(r.cells)) {
		if _, known := catalogRules[name]; !known {
			return "", BaseLink{}, r.wrong(name, fmt.Errorf(
				"is no member of a catalog; these are: %s",
				strings.Join(slices.Sorted(maps.Keys(catalogRules)), ", ")))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(catalogRules)) {
		rule, text := catalogRules[name], r.text(name)
		switch {
		case text == "" && !rule.required:
			continue
		case text == "":
			err = errors.New("is missing")
		default:
			err = rule.check(text)
		}
		if err != nil {
			return "", BaseLink{}, r.wrong(name, err)
		}
	}
	base = BaseLink{
		Name: r.text("name"), PackageID: r.text("package"), PackageName: r.text("package_name"),
		Price: r.text("price"), Currency: r.text("currency"), PaymentType: Subscription,
		Period: r.text("period"), TrialPeriod: r.text("trial_period"),
		TrialPrice: r.text("trial_price"),
	}
	if isYes(r.text("one_time")) {
		base.PaymentType = Consumable
		for _, name := range []string{"period", "trial_period", "trial_price"} {
			if r.text(name) != "" {
				return "", BaseLink{}, r.wrong(name, errors.New("a one-time product has none"))
			}
		}
	}
	return r.text("link_id"), base, nil
}

// text is a member's value without blanks around it.
func (r row) text(member string) string { return strings.TrimSpace(r.cells[member].text) }
