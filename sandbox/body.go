package sandbox

import (
	"cmp"
	"strconv"
	"time"
)

// The numbers under which the sandbox's project appears in webhooks.
const (
	teamID = 501
	appID  = 1001
	siteID = 2001
	flowID = 3001
)

// webhook is the frame of every webhook but the registration.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/webhooks-overview
type webhook struct {
	Queue      queue `json:"queue"`
	Parameters any   `json:"parameters"`
}

// queue is the head of a webhook. The oldest samples have no eventType and no
// requestID, and both other fields were strings there.
type queue struct {
	Type       string `json:"type"`
	EventType  string `json:"eventType,omitempty"`
	RequestID  string `json:"requestID,omitempty"`
	CreateDate any    `json:"createDate"`
	AppID      any    `json:"appId"`
}

// phpDate is how PHP writes a DateTime as JSON. TimezoneType 3 says that
// Timezone holds a name.
type phpDate struct {
	Date         string `json:"date"`
	TimezoneType int    `json:"timezone_type"`
	Timezone     string `json:"timezone"`
}

// newQueue is the head of a webhook of this moment; old writes it as the
// samples of 2020 do.
func newQueue(old bool, id, kind, eventType string, now time.Time) queue {
	if old {
		return queue{Type: kind, CreateDate: now.UTC().Format(dateTime), AppID: strconv.Itoa(appID)}
	}
	date := phpDate{Date: now.UTC().Format(dateTime + ".000000"), TimezoneType: 3, Timezone: "UTC"}
	return queue{Type: kind, EventType: eventType, RequestID: id, CreateDate: date, AppID: appID}
}

// letter writes one webhook of a payment. id is its requestID.
type letter func(p *payment, d Doubts, id string, now time.Time) any

// registration is the whole user registration webhook: it has no frame, and no
// requestID either.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/user-registration-webhook
type registration struct {
	ClientUUID        string `json:"clientUuid"`
	ClientIP          string `json:"clientIp"`
	Country           string `json:"country"`
	Language          string `json:"language"`
	StoreRegister     bool   `json:"storeRegister"`
	SubscriberID      string `json:"subscriberId"`
	SubscriberName    string `json:"subscriberName"`
	AppID             int    `json:"appId"`
	FlowID            int    `json:"flowId"`
	SiteID            int    `json:"siteId"`
	RegisterDate      string `json:"registerDate"`
	RegisterOTPStatus bool   `json:"registerOtpStatus"`
}

// registrationBody writes the registration that follows the first payment of a
// checkout.
func registrationBody(p *payment, _ Doubts, _ string, now time.Time) any {
	return registration{
		ClientUUID:     p.sale.clientUUID,
		ClientIP:       p.sale.fields.SubscriberIPAddress,
		Country:        country,
		Language:       p.sale.fields.Language,
		SubscriberID:   p.SubscriberID,
		SubscriberName: "Sandbox Shopper",
		AppID:          appID,
		FlowID:         flowID,
		SiteID:         siteID,
		RegisterDate:   now.UTC().Format(dateTime),
	}
}

// customParameters is where the parameters of the link come back. A hosted page
// stores its own record, and the merchant's parameters inside; an empty object
// is written as PHP writes it.
func (s *sale) customParameters(d Doubts) any {
	var merchant any = s.parameters
	if len(s.parameters) == 0 || string(s.parameters) == "{}" {
		merchant = []any{}
	}
	switch {
	case d.Parameters == "null":
		return nil
	case d.Parameters == "empty":
		return []any{}
	case d.Parameters == "top", s.terms.atTop:
		return merchant
	}
	return map[string]any{
		"clientUuid":          s.clientUUID,
		"subscriberIpAddress": s.fields.SubscriberIPAddress,
		"paymentMethod":       "creditCard",
		"cardBrand":           "visa",
		"dataWarehouse": map[string]any{
			"paymentModule": "generate", "siteId": siteID, "flowId": flowID,
			"appId": appID, "teamId": teamID, "acceptPolicy": true, "fullName": "Sandbox Shopper",
		},
		"utm": map[string]any{
			"source": "", "medium": "", "campaign": "", "term": "", "content": "",
		},
		"invoice": map[string]any{
			"invoiceName": "", "invoiceProductTitle": s.productName(),
			"invoiceStatus": false, "receiptStatus": true, "documentType": "receipt",
		},
		"agreement":          map[string]any{"company": "", "customer": "", "product": ""},
		"merchantParameters": merchant,
	}
}

// productName is what was sold, as the checkout page has called it: what the
// link says stands for what the link sold.
func (s *sale) productName() string {
	if s.product.PackageID != s.fields.Base.PackageID {
		return s.product.PackageName
	}
	return cmp.Or(s.fields.PackageName, s.product.PackageName)
}
