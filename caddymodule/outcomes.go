package caddymodule

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/gate"
	"github.com/caddy-checkout/checkout/linkgen"
)

// The outcomes: why a request was answered as it was. They are label values, log fields and
// {http.checkout.outcome}.
const (
	outcomeLink            = "link"
	outcomeEmbed           = "embed"
	outcomeSubscribed      = "subscribed"
	outcomeAfterPayment    = "after_payment"
	outcomeAnonymous       = "anonymous"
	outcomeBadToken        = "bad_token"
	outcomeNoSubscriber    = "no_subscriber"
	outcomeKeysUnavailable = "keys_unavailable"
	outcomeNoCampaign      = "no_campaign"
	outcomeBadOffer        = "bad_offer"
	outcomeBadOfferToken   = "bad_offer_token"
	outcomeOfferSpent      = "offer_spent"
	outcomeLedgerAway      = "ledger_unavailable"
	outcomeNoAddress       = "no_address"
	outcomePanic           = string(linkgen.Panicked)
	outcomeLeft            = string(linkgen.Left)
)

// The answers: what the shopper got.
const (
	answerLink     = "link"
	answerJSON     = "json"
	answerRedirect = "redirect"
	answerFallback = "fallback"
	answerNext     = "next"
	answerError    = "error"
)

// Where an exposure happened.
const (
	atOffer = "offer"
	atLink  = "link"
)

// keysRetryAfter is how soon a shopper may try again when nobody can be signed in yet.
const keysRetryAfter = 5 * time.Second

// ledgerRetryAfter is how soon a shopper may try again when the ledger is away. The ledger is tried
// again as often.
const ledgerRetryAfter = 10 * time.Second

// statusClientClosed is what Caddy itself answers to nobody when a client has left (nginx's 499).
const statusClientClosed = 499

// outcome says how a request that gets no link is answered.
type outcome struct {
	status int
	text   string // for the shopper
	ours   bool   // a failure of ours: the fallback answers
}

var outcomes = map[string]outcome{
	outcomeAnonymous: {http.StatusUnauthorized, "please sign in first", false},
	outcomeBadToken:  {http.StatusUnauthorized, "please sign in again", false},
	outcomeNoSubscriber: {
		http.StatusForbidden,
		"your account has no e-mail address or phone number for a checkout", false,
	},
	outcomeKeysUnavailable: {
		http.StatusServiceUnavailable,
		"signing in cannot be checked right now, please try again in a moment", true,
	},
	// a backend named it, and may name another
	outcomeNoCampaign: {http.StatusBadGateway, "this offer does not exist", false},
	gate.Prefetch:     {http.StatusForbidden, "a checkout is not prefetched", false},
	gate.Embedded: {
		http.StatusForbidden, "a checkout is not embedded in another page", false,
	},
	gate.EarlyData: {http.StatusTooEarly, "please try again", false},
	gate.Head:      {http.StatusNoContent, "", false},
	gate.Method:    {http.StatusMethodNotAllowed, "this method is not allowed here", false},
	outcomeBadOffer: {
		http.StatusInternalServerError, "this offer cannot be sold right now", true,
	},
	outcomeBadOfferToken: {http.StatusForbidden, "this offer cannot be used", false},
	outcomeOfferSpent:    {http.StatusGone, "this offer has been used already", false},
	outcomeLedgerAway: {
		http.StatusServiceUnavailable,
		"this offer cannot be checked right now, please try again in a moment", true,
	},
	outcomeNoAddress: {http.StatusInternalServerError, "the checkout could not be opened", true},

	string(linkgen.Limited):       noLink(linkgen.Limited, http.StatusTooManyRequests),
	string(linkgen.Busy):          noLink(linkgen.Busy, http.StatusServiceUnavailable),
	string(linkgen.Throttled):     noLink(linkgen.Throttled, http.StatusServiceUnavailable),
	string(linkgen.Refused):       noLink(linkgen.Refused, http.StatusBadGateway),
	string(linkgen.UntrustedLink): noLink(linkgen.UntrustedLink, http.StatusBadGateway),
	string(linkgen.Unavailable):   noLink(linkgen.Unavailable, http.StatusBadGateway),
	string(linkgen.Timeout):       noLink(linkgen.Timeout, http.StatusGatewayTimeout),
	outcomePanic:                  noLink(linkgen.Panicked, http.StatusInternalServerError),

	outcomeLeft: {statusClientClosed, "", false},
}

// everyday are outcomes that the fallback answers as well, though nothing of ours has failed: offers
// expire, and are opened again after they were paid.
var everyday = map[string]bool{outcomeBadOfferToken: true, outcomeOfferSpent: true}

// noLink is an outcome of package linkgen, which has the text.
func noLink(why linkgen.Reason, status int) outcome {
	return outcome{status, (&linkgen.Error{Reason: why}).Error(), true}
}

// textUnconfirmed is the sentence of outcomeNoSubscriber where an address is there and not confirmed.
const textUnconfirmed = "your e-mail address or phone number is not confirmed yet, " +
	"please confirm it and sign in again"

// identityOutcome maps an error of package auth. ctx is the request's: a reload may have ended the
// fetch for which a shopper waits.
func identityOutcome(ctx context.Context, err error) string {
	switch {
	case errors.Is(err, auth.ErrNoToken):
		return outcomeAnonymous
	case errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled):
		return outcomeLeft
	case errors.Is(err, auth.ErrKeysUnavailable):
		return outcomeKeysUnavailable
	default:
		return outcomeBadToken
	}
}

// linkOutcome maps an error of package linkgen.
func linkOutcome(err error) string {
	if e, ok := errors.AsType[*linkgen.Error](err); ok {
		return string(e.Reason)
	}
	return outcomePanic
}

// outcomeWords lists every outcome that is counted, for the documentation's test.
func outcomeWords() []string {
	words := slices.AppendSeq([]string{
		outcomeLink, outcomeEmbed, outcomeSubscribed, outcomeAfterPayment,
	}, maps.Keys(outcomes))
	slices.Sort(words)
	return words
}
