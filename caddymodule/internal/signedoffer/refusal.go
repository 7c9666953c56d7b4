package signedoffer

import (
	"errors"

	"github.com/caddy-checkout/checkout/auth"
)

// RefusedError is why an offer is not taken.
type RefusedError struct {
	// Rule is one of package auth's, or one of this package. It holds nothing of the token, so it may
	// be logged.
	Rule string
}

// The rules of this package. Those of tokens are package auth's.
const (
	ruleTwice    = "twice"    // two offers in one request
	ruleCampaign = "campaign" // no campaign is named, or none that is defined
	ruleValues   = "values"   // no object of texts, or more than is allowed
	ruleID       = "jti"      // too long

	// Unknown is the rule of an offer whose campaign is not defined.
	Unknown = ruleCampaign
	// Scheduled, Over and Revoked are those of an offer that is good by itself, but not now.
	Scheduled = "scheduled"
	Over      = "over"
	Revoked   = "revoked"
	// Owner is that of an offer for somebody else.
	Owner = "subscriber"
)

// sentences are what shoppers are told, by rule. All else is an offer that cannot be read.
var sentences = map[string]string{
	"expired":   "this offer has expired",
	"not_yet":   "this offer has not begun yet",
	"issued_at": "this offer has not begun yet",
	Scheduled:   "this offer has not begun yet",
	Over:        "this offer is over",
	Revoked:     "this offer is over",
	Owner: "this offer is for another account, please sign in with the one that it " +
		"was sent to",
	ruleTwice: "this link holds two offers, please open one of them",
}

// unreadable is the sentence of every other rule. A link that a mail program has cut is the most
// likely cause.
const unreadable = "this offer cannot be read, please open its link again"

// Refuse is the refusal by a rule.
func Refuse(rule string) *RefusedError { return &RefusedError{rule} }

// Error names the rule, for the operator.
func (r *RefusedError) Error() string { return "offer refused: " + r.Rule }

// Sentence is for the shopper.
func (r *RefusedError) Sentence() string {
	if text, ok := sentences[r.Rule]; ok {
		return text
	}
	return unreadable
}

// refusal is a refused token as an offer. The keys of offers are always at hand, so there is no
// other error.
func refusal(err error) error {
	if refused, ok := errors.AsType[*auth.RefusedError](err); ok {
		return Refuse(refused.Rule)
	}
	return err
}
