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
	Sandbox       bool // as the webhook itself says
	// RefundPrice and RefundedAt are set for refunds. Without an amount of its own, a refund is of
	// the whole price.
	RefundPrice string
	RefundedAt  time.Time // UTC
	// Checkout holds every text that came back as customParameters.checkout, the likeliest first:
	// Zotlo hands parameters back in several places. What was sent there is the sender's to read.
	Checkout []string
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
	}
	switch e.Kind {
	case WebhookPayment, WebhookRefund:
		e.readTransaction(queue, parameters)
	case WebhookStatus:
		e.readStatus(parameters)
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
func (e *Event) readTransaction(queue, p looseObject) {
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
	if e.Kind == WebhookRefund {
		e.RefundPrice = p.price("refund_price")
		e.RefundedAt = firstTime(p.time("refund_date"), queue.time("createDate"))
	}
}

// readStatus reads a subscriber's new state. Its transactions are the subscriber's last and first
// one; the price is that of the package.
func (e *Event) readStatus(p looseObject) {
	profile, pack := p.object("profile"), p.object("package")
	e.SubscriberID = profile.text("subscriberId", "subscriber_id")
	e.TransactionID = profile.text("lastTransactionId")
	e.OriginalID = profile.text("originalTransactionId")
	e.PackageID = profile.text("package")
	if e.PackageID == "" {
		e.PackageID = pack.text("packageId")
	}
	e.Price = pack.price("price")
	e.Currency = letters(pack.text("currency"), 3)
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
