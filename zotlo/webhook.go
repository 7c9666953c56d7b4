package zotlo

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxWebhookBody is the longest body that ParseWebhook reads, in bytes.
const MaxWebhookBody = 64 << 10

// The kinds of a webhook.
const (
	WebhookPayment      = "payment"      // TransactionInsert; the start of a free trial is one, too
	WebhookRefund       = "refund"       // TransactionRefund
	WebhookStatus       = "status"       // SubscriberUpdate
	WebhookRegistration = "registration" // a user registered; sent without queue and parameters
	WebhookQuiz         = "quiz"         // answers to a quiz
	WebhookUnknown      = "unknown"      // anything else
)

// Event is a webhook of Zotlo's, read tolerantly: what is absent, null or of a type that makes no
// sense is the zero value. Nothing in it is proven, for Zotlo signs nothing.
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
	SubscriberID  string // whom the webhook is about: never to be logged
	PaymentType   string // subscription, consumable or "_other"; empty when absent
	Price         string // as decimal text in major units, as Zotlo wrote it
	Currency      string // three upper-case letters
	PackageID     string
	// SubscriptionID is shared by the payments of a subscription and by its status webhooks. It is
	// empty for a one-time purchase.
	SubscriptionID string
	Sandbox        bool // as the webhook itself says
	// RefundPrice, RefundedAt and Chargeback are set for refunds. Without an amount of its own, a
	// refund is of the whole price. Whether the amount is that of this refund or the sum of all
	// refunds of the payment so far, Zotlo does not say.
	RefundPrice string
	RefundedAt  time.Time // UTC
	Chargeback  bool      // the shopper's bank took the money back
	// CreatedAt is when Zotlo wrote the webhook, PurchasedAt when this payment was made, and
	// ExpiresAt the end of what it bought; a one-time purchase ends with itself. All are UTC.
	CreatedAt, PurchasedAt, ExpiresAt time.Time
	// Quantity is how many were bought, 1 where nothing is said. Price is the price of all of them.
	Quantity int
	// Discounted says that a discount code cut the price.
	Discounted bool
	// Subscription is set for status webhooks.
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

// ParseWebhook reads a webhook body. An error means that the body is not JSON, or is longer than
// MaxWebhookBody; unknown shapes, JSON that is no object among them, are no error. The error's text
// holds nothing of the body.
//
// Zotlo's samples of several years disagree about types, and so may the next one: numbers come as
// strings, dates as text or as PHP's DateTime object, an empty object as an empty array, and
// objects as JSON text. All are read.
func ParseWebhook(body []byte) (Event, error) {
	if len(body) > MaxWebhookBody {
		return Event{}, fmt.Errorf("webhook: body is longer than %d bytes", MaxWebhookBody)
	}
	top, ok := readObject(body)
	if !ok {
		if json.Valid(body) {
			return Event{Kind: WebhookUnknown}, nil
		}
		return Event{}, errors.New("webhook: body is not JSON")
	}
	queue, parameters := top.object("queue"), top.object("parameters")
	e := Event{
		Kind:      webhookKind(top, queue),
		RequestID: queue.text("requestID", "requestId", "request_id"),
		Sandbox:   queue.flag(sandboxNames...) || parameters.flag(sandboxNames...),
		CreatedAt: queue.time("createDate"),
	}
	switch e.Kind {
	case WebhookPayment, WebhookRefund:
		e.readTransaction(parameters)
	case WebhookStatus:
		e.readStatus(queue, parameters)
	case WebhookRegistration:
		e.SubscriberID = top.text("subscriberId")
	}
	e.Checkout = checkoutTexts(top, parameters)
	return e, nil
}

// sandboxNames are guesses: Zotlo's reads take isSandbox, and no webhook sample has any of them.
var sandboxNames = []string{"isSandbox", "is_sandbox", "sandbox"}

// webhookKind goes by queue.type, and by queue.eventType when there is no type. Registrations have
// no queue. Nothing is published about the shape of a quiz webhook, so its name is looked for.
func webhookKind(top, queue looseObject) string {
	kind := strings.ToLower(queue.text("type"))
	if kind == "" {
		kind = strings.ToLower(queue.text("eventType"))
	}
	switch {
	case kind == "transactioninsert", kind == "transaction":
		return WebhookPayment
	case kind == "transactionrefund", kind == "refund":
		return WebhookRefund
	case kind == "subscriberupdate":
		return WebhookStatus
	case strings.Contains(kind, "quiz"):
		return WebhookQuiz
	case kind != "" || len(queue) > 0:
		return WebhookUnknown
	case top.has("registerDate"), top.has("clientUuid") && top.has("subscriberId"):
		return WebhookRegistration
	case top.has("quiz"), top.has("quizId"):
		return WebhookQuiz
	}
	return WebhookUnknown
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

// readRefund reads what a refund adds to the payment that it is of. A charge-back is a refund whose
// reason Zotlo has words of its own for: chargeback_dispute, chargeback_prevented.
func (e *Event) readRefund(p looseObject) {
	e.RefundPrice = p.price("refund_price", "refundPrice")
	e.RefundedAt = p.time("refund_date", "refundDate")
	reason := strings.ToLower(p.text("refund_reason", "refundReason"))
	e.Chargeback = strings.HasPrefix(reason, "chargeback_")
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
	profile, pack := p.object("profile"), p.object("package")
	e.Subscription = readSubscription(profile)
	e.Subscription.Change = strings.ToLower(queue.text("eventType"))
	e.SubscriptionID = subscriptionID(profile)
	e.SubscriberID = profile.text("subscriberId", "subscriber_id")
	e.TransactionID = profile.text("lastTransactionId", "last_transaction_id")
	e.OriginalID = profile.text("originalTransactionId", "original_transaction_id")
	e.PackageID = profile.text("package")
	if e.PackageID == "" {
		e.PackageID = pack.text("packageId", "package_id")
	}
	e.Price = pack.price("price")
	e.Currency = letters(pack.text("currency"), 3)
}

// readSubscription reads the state of a subscription, without the change that led to it.
func readSubscription(profile looseObject) Subscription {
	return Subscription{
		Status:      oneOf(profile.text("status"), subscriptionStatuses...),
		RealStatus:  oneOf(profile.text("realStatus", "real_status"), subscriptionStatuses...),
		ExpiresAt:   profile.time("expireDate", "expire_date"),
		FrozenUntil: profile.time("freezeEndDate", "freeze_end_date"),
	}
}

// checkoutTexts looks wherever custom parameters have been seen to come back: in payments, in
// status webhooks and in flat bodies, and in each place first inside merchantParameters. Hosted
// checkouts keep a record of their own there and put the merchant's parameters one level deeper.
func checkoutTexts(top, parameters looseObject) (texts []string) {
	for _, holder := range []looseObject{parameters, parameters.object("profile"), top} {
		for _, name := range []string{"custom_parameters", "customParameters"} {
			custom := holder.object(name)
			for _, place := range []looseObject{custom.object("merchantParameters"), custom} {
				if text := place.text("checkout"); text != "" && !slices.Contains(texts, text) {
					texts = append(texts, text)
				}
			}
		}
	}
	return texts
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

// firstTime is the first of times that is known, or the zero time.
func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
