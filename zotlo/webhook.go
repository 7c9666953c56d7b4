package zotlo

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxWebhookBody is the longest body that ParseWebhook reads, in bytes.
const MaxWebhookBody = 64 << 10

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
