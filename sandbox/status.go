package sandbox

import "time"

// subscriberUpdate is the parameters of a subscription status webhook.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/subscription-status-webhooks
type subscriberUpdate struct {
	Profile    profile     `json:"profile"`
	Package    packageInfo `json:"package"`
	NewPackage any         `json:"newPackage"`
	Customer   customer    `json:"customer"`
	Card       any         `json:"card"`
	IsSandbox  int         `json:"isSandbox,omitempty"` // a guess, see MarkedAsSandbox
}

// profile is the subscription. Its dates are those of dateTime.
type profile struct {
	Status                  string        `json:"status"`
	RealStatus              string        `json:"realStatus"`
	SubscriptionType        string        `json:"subscriptionType"`
	SubscriberID            string        `json:"subscriberId"`
	SubscriptionID          int           `json:"subscriptionId"`
	StartDate               string        `json:"startDate"`
	ExpireDate              string        `json:"expireDate"`
	RenewalDate             string        `json:"renewalDate"`
	FreezeEndDate           *string       `json:"freezeEndDate"`
	Package                 string        `json:"package"`
	Country                 string        `json:"country"`
	PhoneNumber             *string       `json:"phoneNumber"`
	Language                string        `json:"language"`
	OriginalTransactionID   string        `json:"originalTransactionId"`
	LastTransactionID       string        `json:"lastTransactionId"`
	SubscriptionPackageType string        `json:"subscriptionPackageType"`
	Cancellation            *cancellation `json:"cancellation"`
	CustomParameters        any           `json:"customParameters"`
	Quantity                int           `json:"quantity"`
	PendingQuantity         int           `json:"pendingQuantity"`
	RenewalFetchCount       int           `json:"renewalFetchCount"`
}

// cancellation says when and why somebody cancelled.
type cancellation struct {
	Date   string `json:"date"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// packageInfo is the package as it was sold.
type packageInfo struct {
	PackageID   string `json:"packageId"`
	Price       any    `json:"price"`
	Currency    string `json:"currency"`
	PackageType string `json:"packageType"`
	Name        string `json:"name"`
}

// newPackage is what a package_update announces.
type newPackage struct {
	PackageID     string `json:"packageId"`
	SubscriberID  string `json:"subscriberId"`
	StartDate     string `json:"startDate"`
	CreateDate    string `json:"createDate"`
	DiscountPrice string `json:"discountPrice"`
	Price         string `json:"price"`
	Currency      string `json:"currency"`
	Period        int    `json:"period"`
}

// customer is who pays. Nobody of this name exists.
type customer struct {
	ID         int    `json:"id"`
	CreateDate string `json:"createDate"`
	Country    string `json:"country"`
	FirstName  string `json:"firstname"`
	LastName   string `json:"lastname"`
	Email      string `json:"email"`
}

// card is what is charged: a masked number, and MM/YY.
type card struct {
	CardNumber string `json:"cardNumber"`
	ExpireDate string `json:"expireDate"`
}

// statusBody writes a SubscriberUpdate of this event type.
func statusBody(eventType string) letter {
	return func(p *payment, d Doubts, id string, now time.Time) any {
		product := p.sale.product
		update := subscriberUpdate{
			Profile: newProfile(p, d, now),
			Package: packageInfo{
				PackageID: product.PackageID, Price: number(p.Price), Currency: p.Currency,
				PackageType: Subscription, Name: p.sale.productName(),
			},
			Customer: customer{
				ID: p.sale.subscriptionID, Country: country,
				CreateDate: p.sale.original.At.UTC().Format(dateTime),
				FirstName:  "Sandbox", LastName: "Shopper", Email: emailOf(p.SubscriberID),
			},
			NewPackage: nothing(d),
			Card:       nothing(d),
			IsSandbox:  p.sale.terms.marked,
		}
		if !d.NoCard {
			update.Card = card{
				// A test number that every provider refuses outside its test mode.
				CardNumber: "411111******1111",
				ExpireDate: "12/" + now.AddDate(3, 0, 0).Format("06"),
			}
		}
		// What a downgrade announced, until the renewal that brings it.
		if next := p.sale.waiting; next != nil {
			update.NewPackage = newPackage{
				PackageID: next.PackageID, SubscriberID: p.SubscriberID,
				StartDate:     p.sale.expires.UTC().Format(dateTime),
				CreateDate:    now.UTC().Format(dateTime),
				DiscountPrice: "0.00", Price: twoDecimals(next.Price), Currency: next.Currency,
				Period: 1,
			}
		}
		return webhook{newQueue(p.sale.terms.old, id, "SubscriberUpdate", eventType, now), update}
	}
}

// nothing is a missing object.
func nothing(d Doubts) any {
	if d.EmptyIsArray {
		return []any{}
	}
	return nil
}

// newProfile describes the subscription that a payment belongs to.
func newProfile(p *payment, d Doubts, now time.Time) profile {
	s := p.sale.subscription(now, d)
	v := profile{
		Status:                  s.Status,
		RealStatus:              s.RealStatus,
		SubscriptionType:        s.Type,
		SubscriberID:            s.SubscriberID,
		SubscriptionID:          s.ID,
		StartDate:               s.StartedAt.UTC().Format(dateTime),
		ExpireDate:              s.ExpiresAt.UTC().Format(dateTime),
		RenewalDate:             s.ExpiresAt.UTC().Format(dateTime),
		FreezeEndDate:           dateOrNil(s.PausedUntil),
		Package:                 s.PackageID,
		Country:                 country,
		Language:                p.sale.fields.Language,
		OriginalTransactionID:   s.OriginalTransactionID,
		LastTransactionID:       s.LastTransactionID,
		SubscriptionPackageType: "single",
		CustomParameters:        p.sale.customParameters(d),
		Quantity:                s.Quantity,
	}
	// Zotlo knows a phone only of a shopper who is called by one.
	if phonePattern.MatchString(p.SubscriberID) {
		phone := "+" + p.SubscriberID
		v.PhoneNumber = &phone
	}
	if date := dateOrNil(s.CanceledAt); date != nil {
		v.Cancellation = &cancellation{
			Date: *date, Code: "userRequest", Reason: "canceled in the sandbox",
		}
	}
	return v
}

// dateOrNil writes a date; nil if there is none.
func dateOrNil(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(dateTime)
	return &text
}

// emailOf is the subscriber, if they are known by an e-mail address.
func emailOf(subscriber string) string {
	if emailPattern.MatchString(subscriber) {
		return subscriber
	}
	return ""
}
