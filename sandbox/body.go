package sandbox

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
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

const (
	// dateTime is the form of the dates in webhooks. They bear no zone; the
	// sandbox writes UTC.
	dateTime = "2006-01-02 15:04:05"
	// country is where every shopper of the sandbox lives.
	country = "US"
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

// bodyFunc writes one webhook of a payment. id is its requestID.
type bodyFunc func(p *payment, id string, now time.Time) any

// transaction is the parameters of payments and refunds. The types that differ
// between the two published samples are any.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/payments-webhook
// https://docs.zotlo.com/integrating-zotlo/webhooks/refunds-webhook
type transaction struct {
	ID                    any     `json:"id"`
	PaymentType           string  `json:"payment_type"`
	OriginalTransactionID string  `json:"original_transaction_id"`
	TransactionID         string  `json:"transaction_id"`
	PackageID             string  `json:"package_id"`
	TeamID                int     `json:"team_id"`
	AppID                 int     `json:"app_id"`
	Status                string  `json:"status"`
	CreateDate            string  `json:"create_date"`
	PurchaseDate          string  `json:"purchase_date"`
	OriginalPurchaseDate  string  `json:"original_purchase_date"`
	ExpireDate            string  `json:"expire_date"`
	Price                 any     `json:"price"`
	Currency              string  `json:"currency"`
	Country               string  `json:"country"`
	SubscriberID          string  `json:"subscriber_id"`
	CreditCard            string  `json:"credit_card"`
	RefundPrice           *string `json:"refund_price"`
	RefundDate            *string `json:"refund_date"`
	RefundReason          *string `json:"refund_reason"`
	IsRefund              any     `json:"is_refund"`
	ProviderID            int     `json:"provider_id"`
	ProviderTransactionID string  `json:"provider_transaction_id"`
	ProviderStatus        string  `json:"provider_status"`
	ProviderName          string  `json:"provider_name"`
	Comment               *string `json:"comment"`
	Quantity              int     `json:"quantity"`
	PackagePrice          any     `json:"package_price"`
	SubscriptionID        any     `json:"subscription_id"`
	CustomParameters      any     `json:"custom_parameters"`
	IsTransfer            *string `json:"is_transfer"`
	JSONPayload           *string `json:"json_payload,omitempty"`
	IsSandbox             int     `json:"isSandbox,omitempty"` // a guess, see MarkedAsSandbox
}

// newTransaction describes a payment, with the types of the payments webhook.
func newTransaction(p *payment) transaction {
	at := p.At.UTC().Format(dateTime)
	t := transaction{
		ID:                    strconv.Itoa(p.rowID),
		PaymentType:           p.PaymentType,
		OriginalTransactionID: p.OriginalTransactionID,
		TransactionID:         p.TransactionID,
		PackageID:             p.PackageID,
		TeamID:                teamID,
		AppID:                 appID,
		Status:                p.Status,
		CreateDate:            at,
		PurchaseDate:          at,
		OriginalPurchaseDate:  p.sale.original.At.UTC().Format(dateTime),
		ExpireDate:            p.expires.UTC().Format(dateTime),
		Price:                 p.Price,
		Currency:              p.Currency,
		Country:               country,
		SubscriberID:          p.SubscriberID,
		CreditCard:            "411111******1111",
		IsRefund:              "0",
		ProviderID:            1,
		ProviderTransactionID: "sandbox-" + p.TransactionID,
		ProviderStatus:        "success",
		ProviderName:          "Credit Card",
		Quantity:              1,
		PackagePrice:          number(p.sale.fields.offer().Price),
		SubscriptionID:        strconv.Itoa(p.sale.subscriptionID),
		CustomParameters:      p.sale.customParameters(),
		IsSandbox:             p.sale.marked,
	}
	if p.sale.old {
		t.Price = number(p.Price)
	}
	return t
}

// paymentBody writes the webhook of a payment that succeeded. Zotlo sends none
// for one that failed.
func paymentBody(p *payment, id string, now time.Time) any {
	return webhook{
		newQueue(p.sale.old, id, "TransactionInsert", "transaction", now),
		newTransaction(p),
	}
}

// refundBody writes the refund of a part of a payment, or of all of it. It
// differs from a payment in more than its values: ids and flags are numbers
// here, the package price is a string.
func refundBody(part string) bodyFunc {
	return func(p *payment, id string, now time.Time) any {
		t := newTransaction(p)
		date, reason, payload := now.UTC().Format(dateTime), "requested by customer", "{}"
		t.ID = p.rowID
		t.IsRefund = 1
		t.RefundPrice = &part
		t.RefundDate = &date
		t.RefundReason = &reason
		t.PackagePrice = p.sale.fields.offer().Price
		t.SubscriptionID = p.sale.subscriptionID
		t.JSONPayload = &payload
		return webhook{newQueue(p.sale.old, id, "TransactionRefund", "refund", now), t}
	}
}

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
func registrationBody(p *payment, _ string, now time.Time) any {
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
func (s *sale) customParameters() any {
	var merchant any = s.parameters
	if len(s.parameters) == 0 || string(s.parameters) == "{}" {
		merchant = []any{}
	}
	if s.atTop {
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

// productName is what was sold, as the checkout page has called it.
func (s *sale) productName() string {
	return cmp.Or(s.fields.PackageName, s.fields.Base.PackageName)
}

// twoDecimals writes a price as webhooks do, whatever its currency. What is no
// number stays as it is.
func twoDecimals(price string) string {
	f, err := strconv.ParseFloat(price, 64)
	if err != nil {
		return price
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// number turns a price into a JSON number, if it is one.
func number(price string) any {
	f, err := strconv.ParseFloat(price, 64)
	if err != nil {
		return price
	}
	return f
}

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// marshal writes JSON. Nothing that the sandbox writes can fail to be JSON.
func marshal(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // parameters were checked as JSON when the link was created
	}
	return body
}
