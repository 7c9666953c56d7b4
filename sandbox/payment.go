package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"time"
)

// The statuses of a payment, as the payments webhook writes them.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/payments-webhook
const (
	// StatusTrial: a free trial begins. Its price is 0.00.
	StatusTrial = "trial"
	// StatusStartPaid: a subscription begins without a trial.
	StatusStartPaid = "start_paid"
	// StatusTrialToPaid: the first charge after a trial.
	StatusTrialToPaid = "trial_to_paid"
	// StatusRenewal: a further period.
	StatusRenewal = "renewal"
	// StatusReactive: a subscription that had ended, or was cancelled, goes on.
	StatusReactive = "reactive"
	// StatusConsumable: a one-time payment.
	StatusConsumable = "consumable"
)

// The published event types of a subscription, for [Sandbox.Status].
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/subscription-status-webhooks
const (
	// EventNewSubscriber: the subscription begins, on trial or paid.
	EventNewSubscriber = "newSubscriber"
	// EventRenewal: another period was paid.
	EventRenewal = "renewal"
	// EventActiveToGrace: a charge failed, and is tried again for some time.
	EventActiveToGrace = "activeToGrace"
	// EventGraceToActive: one of those tries succeeded.
	EventGraceToActive = "graceToActive"
	// EventGraceToPassive: none did, and the subscription has ended.
	EventGraceToPassive = "graceToPassive"
	// EventCancel: the subscriber cancelled. What is paid runs to its end.
	EventCancel = "cancel"
	// EventReactivate: an ended or cancelled one goes on.
	EventReactivate = "reactivate"
	// EventPackageUpdate: another package from the next period on.
	EventPackageUpdate = "package_update"
)

// Payment is one payment, as the sandbox keeps it.
type Payment struct {
	// TransactionID is its own, OriginalTransactionID that of the payment the
	// purchase began with; renewals share it.
	TransactionID         string
	OriginalTransactionID string
	// LinkURL is the personal link that was paid, of a renewal too.
	LinkURL string
	// SubscriberID is who paid: the page lets a shopper change it.
	SubscriberID string
	// PaymentType is Subscription or Consumable.
	PaymentType string
	// Status is one of the Status… constants.
	Status    string
	PackageID string
	// Price has two decimals, whatever Currency is, unless Charge wrote it
	// otherwise.
	Price    string
	Currency string
	// At is on Config.Now.
	At time.Time
	// Refunded says that all of the money was given back.
	Refunded bool
	// RefundedPrice is the sum given back so far; "" if nothing was.
	RefundedPrice string
}

// Why a payment cannot be made, found or renewed.
var (
	// ErrNoSubscriber: the link names nobody, and no option does.
	ErrNoSubscriber = errors.New("sandbox: link is for a guest; say who pays with As")
	// ErrNoPayment: no payment has this TransactionID, or it is forgotten.
	ErrNoPayment = errors.New("sandbox: unknown payment")
	// ErrNotSubscription: a one-time payment has no renewals and no status.
	ErrNotSubscription = errors.New("sandbox: payment is not for a subscription")
)

// PayOption changes one payment, before its webhooks are written.
type PayOption func(*payment)

// As lets somebody else pay than the link was created for: the page allows it, and
// for a guest it must be said. Any text is taken.
func As(subscriberID string) PayOption {
	return func(p *payment) { p.SubscriberID = subscriberID }
}

// Trial begins a subscription with a free trial of seven days: the payment is
// of 0.00, and Renew charges for the first time. One-time payments have none.
func Trial() PayOption {
	return func(p *payment) {
		if p.PaymentType == Subscription {
			p.Status, p.Price = StatusTrial, "0.00"
		}
	}
}

// Charge takes another price than the link showed. Both texts are sent as they
// are: a test can have a client meet prices that make no sense.
func Charge(price, currency string) PayOption {
	return func(p *payment) { p.Price, p.Currency = price, currency }
}

// ParametersAtTop puts the custom parameters directly into custom_parameters,
// in place of Zotlo's own record with its merchantParameters. It holds for the
// refund and the renewals of the payment too.
func ParametersAtTop() PayOption {
	return func(p *payment) { p.sale.atTop = true }
}

// Sample2020 writes the webhooks as the oldest published samples do: no
// requestID and no eventType, createDate as a string, appId as a string, price
// as a number. It holds for the refund and the renewals of the payment too.
func Sample2020() PayOption {
	return func(p *payment) { p.sale.old = true }
}

// MarkedAsSandbox marks the payment as one of Zotlo's own sandbox: its payment,
// refund and status webhooks carry "isSandbox": 1 in their parameters. It holds
// for the renewals of the payment too. The registration webhook stays as it is.
//
// The name is a guess: Zotlo's reads take isSandbox (Get Payment Details), and
// no published webhook sample has a mark at all.
func MarkedAsSandbox() PayOption {
	return func(p *payment) { p.sale.marked = 1 }
}

// sale is what one paid link began: a one-time purchase or a subscription.
type sale struct {
	fields         Link // as it was when it was paid
	parameters     json.RawMessage
	atTop          bool // see ParametersAtTop
	old            bool // see Sample2020
	marked         int  // 1: see MarkedAsSandbox; 0: without a mark
	original       *payment
	last           *payment
	subscriptionID int // 0: a one-time payment
	clientUUID     string
	status         string     // active, grace, passive
	canceled       *time.Time // set from the cancellation on
}

// payment is a Payment with what its webhooks need.
type payment struct {
	Payment
	sale    *sale
	rowID   int       // Zotlo's own number of it
	expires time.Time // the end of what it paid for
}

// key is what the store finds a payment by.
func (p *payment) key() string { return p.TransactionID }

// note changes the state of a subscription by an event. Types it does not know
// change nothing.
func (s *sale) note(eventType string, now time.Time) {
	switch eventType {
	case EventCancel:
		s.canceled = &now
	case EventActiveToGrace:
		s.status = "grace"
	case EventGraceToPassive:
		s.status = "passive"
	case EventGraceToActive, EventReactivate, EventRenewal:
		s.status, s.canceled = "active", nil
	}
}

// offer is the payment the page of a link offers. The page treats a sale with a
// custom price as a one-time payment, whatever the package is.
func (l Link) offer() Payment {
	p := Payment{
		LinkURL:      l.URL,
		SubscriberID: l.SubscriberID,
		PaymentType:  l.Base.PaymentType,
		PackageID:    l.Base.PackageID,
		Price:        twoDecimals(cmp.Or(l.CustomPrice, l.Base.Price)),
		Currency:     cmp.Or(l.CustomCurrency, l.Base.Currency),
		Status:       StatusStartPaid,
	}
	if l.CustomPrice != "" {
		p.PaymentType = Consumable
	}
	if p.PaymentType == Consumable {
		p.Status = StatusConsumable
	}
	return p
}
