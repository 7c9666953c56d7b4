package sandbox

import (
	"errors"
	"time"
)

// The statuses of a payment, as the payments webhook writes them.
//
// https://docs.zotlo.com/integrating-zotlo/webhooks/payments-webhook
const (
	// StatusTrial: a trial begins. Its price is 0.00, or that of a paid trial.
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

// Payment is one payment, as the sandbox keeps it.
type Payment struct {
	// TransactionID is its own, OriginalTransactionID that of the payment the
	// purchase began with; renewals share it.
	TransactionID         string `json:"transaction_id"`
	OriginalTransactionID string `json:"original_transaction_id"`
	// LinkURL is the personal link that was paid, of a renewal too. It is empty
	// where a form in a page was paid.
	LinkURL string `json:"link"`
	// SubscriberID is who paid: the page lets a shopper change it.
	SubscriberID string `json:"subscriber_id"`
	// PaymentType is Subscription or Consumable.
	PaymentType string `json:"payment_type"`
	// Status is one of the Status… constants.
	Status    string `json:"status"`
	PackageID string `json:"package_id"`
	// Price is what was charged: of all pieces, less a discount. It has two
	// decimals, whatever Currency is, unless Charge wrote it otherwise.
	Price    string `json:"price"`
	Currency string `json:"currency"`
	// UnitPrice is that of one piece, before a discount and before Charge.
	UnitPrice string `json:"unit_price"`
	// Quantity is how many pieces were bought, 1 or more.
	Quantity int `json:"quantity"`
	// Coupon is the code of the discount that Price is less by; "" without one.
	Coupon string `json:"coupon,omitempty"`
	// At and ExpiresAt, the end of what was paid for, are on Config.Now. A
	// one-time payment ends when it is made.
	At        time.Time `json:"at"`
	ExpiresAt time.Time `json:"expires_at"`
	// TestMode tells Zotlo's own sandbox sales from live ones: see InTestMode.
	TestMode bool `json:"test_mode"`
	// Refunded says that all of the money was given back.
	Refunded bool `json:"refunded"`
	// RefundedPrice is the sum given back so far; "" if nothing was.
	RefundedPrice string `json:"refunded_price,omitempty"`
}

// Why a payment cannot be made, found or renewed.
var (
	// ErrNoSubscriber: the link names nobody, and no option does.
	ErrNoSubscriber = errors.New("sandbox: link is for a guest; say who pays with As")
	// ErrSubscribed: the payer has this package, and Doubts.RefuseSecond.
	ErrSubscribed = errors.New("sandbox: the subscriber has a running subscription to the package")
	// ErrNoPayment: no payment has this TransactionID, or it is forgotten.
	ErrNoPayment = errors.New("sandbox: unknown payment")
	// ErrNotSubscription: a one-time payment has no renewals and no status.
	ErrNotSubscription = errors.New("sandbox: payment is not for a subscription")
	// ErrEnded: the subscription is over; only Renew brings it back.
	ErrEnded = errors.New("sandbox: subscription has ended")
)

// Refund is money that was given back.
type Refund struct {
	// ID is Zotlo's number of it.
	ID            int    `json:"id"`
	TransactionID string `json:"transaction_id"`
	// Amount is what this refund gave back, in the payment's currency.
	Amount string    `json:"amount"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}
