package sandbox

import "time"

// subscriberUpdate is the parameters of a subscription status webhook.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/subscription-status-webhooks
type subscriberUpdate struct {
	Profile    profile     `json:"profile"`
	Package    packageInfo `json:"package"`
	NewPackage *newPackage `json:"newPackage"`
	Customer   customer    `json:"customer"`
	Card       card        `json:"card"`
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
	return func(p *payment, id string, now time.Time) any {
		update := subscriberUpdate{
			Profile: newProfile(p),
			Package: packageInfo{
				PackageID: p.PackageID, Price: number(p.Price), Currency: p.Currency,
				PackageType: Subscription, Name: p.sale.productName(),
			},
			Customer: customer{
				ID: p.sale.subscriptionID, Country: country,
				CreateDate: p.sale.original.At.UTC().Format(dateTime),
				FirstName:  "Sandbox", LastName: "Shopper", Email: emailOf(p.SubscriberID),
			},
			Card: card{
				CardNumber: "411111******1111",
				ExpireDate: "12/" + now.AddDate(3, 0, 0).Format("06"),
			},
			IsSandbox: p.sale.marked,
		}
		if eventType == EventPackageUpdate {
			update.NewPackage = &newPackage{
				PackageID: p.PackageID + "-new", SubscriberID: p.SubscriberID,
				StartDate: p.expires.UTC().Format(dateTime), CreateDate: now.UTC().Format(dateTime),
				DiscountPrice: "0.00", Price: p.Price, Currency: p.Currency, Period: 1,
			}
		}
		return webhook{newQueue(p.sale.old, id, "SubscriberUpdate", eventType, now), update}
	}
}

// newProfile describes the subscription that a payment belongs to.
func newProfile(p *payment) profile {
	v := profile{
		Status:                  p.sale.status,
		RealStatus:              p.sale.status,
		SubscriptionType:        "paid",
		SubscriberID:            p.SubscriberID,
		SubscriptionID:          p.sale.subscriptionID,
		StartDate:               p.sale.original.At.UTC().Format(dateTime),
		ExpireDate:              p.expires.UTC().Format(dateTime),
		RenewalDate:             p.expires.UTC().Format(dateTime),
		Package:                 p.PackageID,
		Country:                 country,
		Language:                p.sale.fields.Language,
		OriginalTransactionID:   p.OriginalTransactionID,
		LastTransactionID:       p.TransactionID,
		SubscriptionPackageType: "single",
		CustomParameters:        p.sale.customParameters(),
		Quantity:                1,
	}
	if p.Status == StatusTrial {
		v.SubscriptionType = "trial"
	}
	if phonePattern.MatchString(p.SubscriberID) {
		phone := "+" + p.SubscriberID
		v.PhoneNumber = &phone
	}
	// After a cancellation the status stays active to the end of what is paid,
	// only realStatus turns at once.
	if p.sale.canceled != nil {
		v.RealStatus = "passive"
		v.Cancellation = &cancellation{
			Date: p.sale.canceled.UTC().Format(dateTime),
			Code: "userRequest", Reason: "canceled in the sandbox",
		}
	}
	return v
}

// emailOf is the subscriber, if they are known by an e-mail address.
func emailOf(subscriber string) string {
	if emailPattern.MatchString(subscriber) {
		return subscriber
	}
	return ""
}
