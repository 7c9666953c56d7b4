package zotlo

import (
	"slices"
	"strings"
	"time"
)

// The kinds of a webhook, and of an Event.
const (
	WebhookPayment      = "payment"      // TransactionInsert; the start of a free trial is one, too
	WebhookRefund       = "refund"       // TransactionRefund
	WebhookStatus       = "status"       // SubscriberUpdate
	WebhookRegistration = "registration" // a user registered; sent without queue and parameters
	WebhookQuiz         = "quiz"         // answers to a quiz
	WebhookUnknown      = "unknown"      // anything else
)

// Event is what Zotlo says in a webhook or about one transaction, read tolerantly: what is absent,
// null or of a type that makes no sense is the zero value. Nothing in a webhook is proven, for Zotlo
// signs nothing; what Client.Transaction returns was asked for.
type Event struct {
	// Kind is one of the Webhook constants.
	Kind string
	// Type is the payment's type: trial, start_paid, trial_to_paid, renewal, reactive, consumable,
	// or "_other". It is empty for what is neither payment nor refund.
	Type string
	// Status is the payment's type as Zotlo wrote it, in lower case, also one that is not in the
	// list.
	Status string
	// RequestID identifies the delivery; retries repeat it. Empty when absent.
	RequestID     string
	TransactionID string // this payment; the refund of a payment repeats it
	OriginalID    string // original_transaction_id: renewals share it
	SubscriberID  string // who paid or subscribed: never to be logged
	PaymentType   string // subscription, consumable or "_other"; empty when absent
	Price         string // as decimal text in major units, as Zotlo wrote it
	Currency      string // three upper-case letters
	PackageID     string
	// SubscriptionID is shared by the payments of a subscription and by its status webhooks. It is
	// empty for a one-time purchase.
	SubscriptionID string
	// Sandbox is set by a mark in a webhook or record itself, and in what was found in the sandbox.
	Sandbox bool
	// RefundPrice, RefundedAt and Chargeback are set for refunds, and for payments that were read.
	// Without an amount of its own, a refund is of the whole price. Whether the amount is that of
	// this refund or the sum of all refunds of the payment so far, Zotlo does not say.
	RefundPrice string
	RefundedAt  time.Time // UTC
	Chargeback  bool      // the shopper's bank took the money back
	// RefundsKnown says of a payment that was read that Zotlo told how refunds stand, and Refunded
	// that money was given back, all or a part. A webhook leaves both false.
	RefundsKnown, Refunded bool
	// Refunds are the parts that were given back, the oldest first, if a payment that was read
	// lists them.
	Refunds []Refund
	// CreatedAt is when Zotlo wrote the webhook or record, PurchasedAt when this payment was made, and
	// ExpiresAt the end of what it bought; a one-time purchase ends with itself. All are UTC.
	CreatedAt, PurchasedAt, ExpiresAt time.Time
	// Quantity is how many were bought, 1 where nothing is said. Price is the price of all of them.
	Quantity int
	// Discounted says that a discount code cut the price.
	Discounted bool
	// Subscription is set for status webhooks, and for records of subscriptions.
	Subscription Subscription
	// Checkout holds every text that came back as customParameters.checkout, the likeliest first:
	// Zotlo hands parameters back in several places. What was sent there is the sender's to read.
	Checkout []string
}

// Subscription is the state of a subscription, as a status webhook or an export tells it. What is
// absent is the zero value.
type Subscription struct {
	// Change is what happened, in lower case, as Zotlo names it: newsubscriber, renewal,
	// activetograce, cancel, …
	Change string
	// Status is active, grace, passive or "_other". RealStatus becomes passive as soon as the
	// subscription is cancelled, while Status stays active to its end.
	Status, RealStatus string
	// ExpiresAt is the end of the period that runs, FrozenUntil that of a pause. UTC.
	ExpiresAt, FrozenUntil time.Time
}

// paymentTypes are the values of a payment's status that have a name of their own in Event.Type,
// in Zotlo's spelling.
var paymentTypes = []string{"trial", "start_paid", "trial_to_paid", "renewal", "reactive", "consumable"}

// PaymentTypes are the values that Event.Type may have in a payment or refund, "_other" among them.
func PaymentTypes() []string { return append(slices.Clone(paymentTypes), otherValue) }

// readTransaction reads the parameters of a payment or refund. Zotlo's samples write names with
// underscores; camel case is read as well, since its other webhooks have that.
func (e *Event) readTransaction(p looseObject) {
	e.Status = strings.ToLower(p.text("status"))
	e.Type = oneOf(e.Status, paymentTypes...)
	if e.Type == "" {
		e.Type = otherValue
	}
	e.TransactionID = p.text("transaction_id", "transactionId")
	e.OriginalID = p.text("original_transaction_id", "originalTransactionId")
	e.SubscriberID = p.text("subscriber_id", "subscriberId")
	e.PaymentType = oneOf(p.text("payment_type", "paymentType"), "subscription", "consumable")
	e.Price = p.price("price")
	e.Currency = letters(p.text("currency"), 3)
	e.PackageID = p.text("package_id", "packageId")
	e.PurchasedAt = p.time("purchase_date", "purchaseDate", "create_date", "createDate")
	e.ExpiresAt = p.time("expire_date", "expireDate")
	e.SubscriptionID = subscriptionID(p)
	e.Quantity = p.count("quantity")
	e.Discounted = p.holds("coupon_campaign", "couponCampaign")
	if e.Kind == WebhookRefund {
		e.readRefund(p)
		e.RefundedAt = firstTime(e.RefundedAt, e.CreatedAt)
	}
}

// subscriptionID is the number of a subscription. One-time purchases have 0 there, which is none.
func subscriptionID(o looseObject) string {
	if id := o.text("subscription_id", "subscriptionId"); id != "0" {
		return id
	}
	return ""
}

// subscriptionStatuses are what a subscription may be in.
var subscriptionStatuses = []string{"active", "grace", "passive"}

// readStatus reads a subscriber's new state. Its transactions are the subscriber's last and first
// one; the price is that of the package.
func (e *Event) readStatus(queue, p looseObject) {
	pack := p.object("package")
	e.readProfile(p.object("profile"))
	e.Subscription.Change = strings.ToLower(queue.text("eventType"))
	if e.PackageID == "" {
		e.PackageID = pack.text("packageId", "package_id")
	}
	e.Price = pack.price("price")
	e.Currency = letters(pack.text("currency"), 3)
}

// readProfile reads a subscription as a status webhook's profile and a record of an export tell it.
func (e *Event) readProfile(p looseObject) {
	e.Subscription = Subscription{
		Status:      oneOf(p.text("status"), subscriptionStatuses...),
		RealStatus:  oneOf(p.text("realStatus", "real_status"), subscriptionStatuses...),
		ExpiresAt:   p.time("expireDate", "expire_date"),
		FrozenUntil: p.time("freezeEndDate", "freeze_end_date"),
	}
	e.SubscriptionID = subscriptionID(p)
	e.SubscriberID = p.text("subscriberId", "subscriber_id")
	e.TransactionID = p.text("lastTransactionId", "last_transaction_id")
	e.OriginalID = p.text("originalTransactionId", "original_transaction_id")
	e.PackageID = p.text("package", "packageId", "package_id")
}

// otherValue stands for a name that is not in a closed set.
const otherValue = "_other"

// oneOf returns text in lower case if it is one of set, "_other" if it is another, and nothing for
// nothing.
func oneOf(text string, set ...string) string {
	if text == "" {
		return ""
	}
	for _, s := range set {
		if strings.EqualFold(text, s) {
			return s
		}
	}
	return otherValue
}

// letters returns text in upper case if it is n ASCII letters, else nothing.
func letters(text string, n int) string {
	if len(text) != n {
		return ""
	}
	for _, c := range []byte(text) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return ""
		}
	}
	return strings.ToUpper(text)
}
