package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"time"
)

// The statuses of a payment, as the payments webhook writes them.
const (
	StatusTrial       = "trial" // a free trial begins; its price is 0.00
	StatusStartPaid   = "start_paid"
	StatusTrialToPaid = "trial_to_paid"
	StatusRenewal     = "renewal"
	StatusReactive    = "reactive"
	StatusConsumable  = "consumable"
)

// The published event types of a subscription, for Sandbox.Status.
const (
	EventNewSubscriber  = "newSubscriber"
	EventRenewal        = "renewal"
	EventActiveToGrace  = "activeToGrace"
	EventGraceToActive  = "graceToActive"
	EventGraceToPassive = "graceToPassive"
	EventCancel         = "cancel"
	EventReactivate     = "reactivate"
	EventPackageUpdate  = "package_update"
)

// Payment is one payment, as the sandbox keeps it.
type Payment struct {
	TransactionID         string
	OriginalTransactionID string // the payment the purchase began with
	LinkURL               string
	SubscriberID          string // who paid; the page lets a shopper change it
	PaymentType           string // Subscription or Consumable
	Status                string
	PackageID             string
	Price                 string // two decimals
	Currency              string
	At                    time.Time
	Refunded              bool   // all of the money was given back
	RefundedPrice         string // the sum given back, two decimals; "" if nothing was
}

// Why a payment cannot be made, found or renewed.
var (
	ErrNoSubscriber    = errors.New("sandbox: link is for a guest; say who pays with As")
	ErrNoPayment       = errors.New("sandbox: unknown payment")
	ErrNotSubscription = errors.New("sandbox: payment is not for a subscription")
)

// PayOption changes one payment.
type PayOption func(*payment)

// As lets somebody else pay than the link was created for: the page allows it, and
// for a guest it must be said. Any text is taken.
func As(subscriberID string) PayOption {
	return func(p *payment) { p.SubscriberID = subscriberID }
}

// Trial begins a subscription with a free trial.
func Trial() PayOption {
	return func(p *payment) {
		if p.PaymentType == Subscription {
			p.Status, p.Price = StatusTrial, "0.00"
		}
	}
}

// Charge takes another price than the link showed.
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
	atTop, old     bool
	marked         int // 1: as a payment of Zotlo's sandbox; 0: not at all
	original       *payment
	last           *payment
	subscriptionID int
	clientUUID     string
	status         string     // active, grace, passive
	canceled       *time.Time // set from the cancellation on
}

// payment is a Payment with what its webhooks need.
type payment struct {
	Payment
	sale    *sale
	rowID   int
	expires time.Time
}

func (p *payment) key() string { return p.TransactionID }

// note changes the state of a subscription by an event.
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

// Payments returns the newest 10,000 payments, oldest first.
func (s *Sandbox) Payments() []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Payment, 0, len(s.payments.values))
	for p := range s.payments.all() {
		list = append(list, p.Payment)
	}
	return list
}
