package sandbox

import "cmp"

// The payment types of a base link, as payment_type in the payments webhook has
// them.
const (
	// Subscription is charged each period, until it is cancelled.
	Subscription = "subscription"
	// Consumable is a one-time payment.
	Consumable = "consumable"
)

// BaseLink is a checkout link of the Dashboard: the product that it sells, and
// the template that shows wherever a personal link overrides nothing. Empty
// fields that a sale needs get plain defaults. It also says what an upsell or a
// change of the plan sells.
type BaseLink struct {
	// Name is what the Dashboard calls the link. Shoppers do not see it.
	// Default: "Checkout link" and its id.
	Name string
	// PackageID is the package that is bought. Default: "sandbox-package".
	PackageID string
	// PackageName is what the page calls it. Default: "Pro".
	PackageName string
	// Price is in the currency's major unit. Default: "9.99".
	Price string
	// Currency is a code of ISO 4217. Default: "USD".
	Currency string
	// PaymentType is Subscription or Consumable. Default: Subscription.
	PaymentType string
	// Period is how long a payment of a subscription lasts: a number of days,
	// weeks, months or years, such as "1 month", the default. What is no period
	// counts as the default.
	Period string
	// TrialPeriod and TrialPrice are those of a trial, where a sale begins with
	// one. Default: "7 days" and "0.00"; a price above 0 is a paid trial.
	TrialPeriod string
	TrialPrice  string

	// What else the page shows; empty: nothing. ProductImage is a URL.
	AdditionalText string
	ProductImage   string
	Title          string
	Description    string
	ButtonText     string
}

// complete fills in what a sale needs. b is a copy.
func (b BaseLink) complete(id string) *BaseLink {
	b.Name = cmp.Or(b.Name, "Checkout link "+id)
	b.PackageID = cmp.Or(b.PackageID, "sandbox-package")
	b.PackageName = cmp.Or(b.PackageName, "Pro")
	b.Price = cmp.Or(b.Price, "9.99")
	b.Currency = cmp.Or(b.Currency, "USD")
	b.PaymentType = cmp.Or(b.PaymentType, Subscription)
	b.Period = periodOr(b.Period, defaultPeriod)
	b.TrialPeriod = periodOr(b.TrialPeriod, defaultTrial)
	b.TrialPrice = cmp.Or(b.TrialPrice, "0.00")
	return &b
}

// periodOr is text, if it is a period.
func periodOr(text, otherwise string) string {
	if _, err := parsePeriod(text); err != nil {
		return otherwise
	}
	return text
}
