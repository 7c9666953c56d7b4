package zotlo

import (
	"context"
	"errors"
	"net/url"
	"strconv"
)

// This file holds the endpoint that knows one payment: "Get Payment Details",
// https://docs.zotlo.com/integrating-zotlo/api-reference/payments-endpoints/get-payment-details.

const (
	// detailPath is the endpoint's path below the project's API address.
	detailPath = "/v1/transaction/detail"
	// maxDetail bounds its answer: it holds what the payment provider said, too.
	maxDetail = 256 << 10
)

// ErrUnknownTransaction says that Zotlo answered, and knows no such transaction in that world. A
// payment of the last minutes may not be known yet.
var ErrUnknownTransaction = errors.New("the transaction is unknown to the API")

// Transaction reads one payment by its transaction_id, in the live world or in Zotlo's sandbox. The
// Event is a payment, also when the money was given back: then Refunded is set, and what is known
// of the refunds.
//
// Its error is an *Error, and errors.Is finds ErrUnknownTransaction in it if Zotlo knows no such
// transaction. Zotlo publishes no code for that. So every refusal with a code 400xxx or 404xxx
// counts as one, but for those that are published for something else; so does an answer that says
// success and holds nothing. All else, such as a wrong key, a pause or a page that is no API's, says
// nothing about the transaction. What Zotlo publishes of the answer has no refunds in it: without
// them RefundsKnown is false.
//
// The call goes after those of shoppers: it waits for a place among eight and for a turn of the
// rate that no shopper waits for, as long as ctx allows. Then it takes Config.Timeout at most.
func (c *Client) Transaction(ctx context.Context, id string, sandbox bool) (Event, error) {
	if id == "" {
		return Event{}, &Error{Result: ResultRefused, cause: ErrUnknownTransaction}
	}
	var event Event
	e := c.lookUp(ctx, request{
		path: withQuery(detailPath, url.Values{
			"transactionId": {id}, "isSandbox": {strconv.FormatBool(sandbox)},
		}),
		timeout: c.timeout, maxAnswer: maxDetail,
		read: func(a answer) (e *Error) {
			event, e = readDetail(a, id)
			return e
		},
	})
	if e != nil {
		if e.Result == ResultRefused && isOwnFault(e.Code) && e.Code != codeSubscriber {
			e.cause = ErrUnknownTransaction
		}
		return Event{}, e
	}
	event.Sandbox = event.Sandbox || sandbox
	return event, nil
}

// readDetail reads the answer about one transaction. Another transaction than the one that was
// asked for proves nothing, so it is no answer.
func readDetail(a answer, id string) (Event, *Error) {
	result := a.body.object("result")
	t := result.object("transaction")
	if len(t) == 0 && saysNothing(a.body, "result", "transaction") {
		e := a.say(ResultRefused)
		e.cause = ErrUnknownTransaction
		return Event{}, e
	}
	e := Event{
		Kind:      WebhookPayment,
		Sandbox:   result.flag(sandboxNames...) || t.flag(sandboxNames...),
		CreatedAt: t.time("create_date", "createDate"),
		Checkout:  checkoutTexts(result, t),
	}
	e.readTransaction(t)
	if e.TransactionID != id {
		return Event{}, a.say(ResultBadAnswer)
	}
	e.readRefunds(t, result)
	return e, nil
}

// saysNothing reports whether outer is there and empty, or is an object whose inner is: null, or [],
// which PHP writes for an empty object.
func saysNothing(top looseObject, outer, inner string) bool {
	if _, ok := top[outer]; ok && !top.holds(outer) {
		return true
	}
	object := top.object(outer)
	_, ok := object[inner]
	return ok && !object.holds(inner)
}
