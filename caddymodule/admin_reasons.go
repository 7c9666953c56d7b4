package caddymodule

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/caddymodule/internal/clientip"
	"github.com/caddy-checkout/checkout/caddymodule/internal/matchers"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/campaign"
)

// This file says why a click is decided as it is: who clicks, which campaign, which variant, what
// the ledger knows, and what Zotlo would be asked.

// user is who the question says clicks: the one of a real token, else the one whom the claims
// describe, else the one whom the request's own headers name.
func (x *inquiry) user(d *decision) (*auth.User, error) {
	token, reads := d.rt.id.(tokenIdentifier)
	switch {
	case x.token != "" && reads:
		return token.ExamineToken(x.token, x.at)
	case x.token != "":
		return nil, auth.ErrNoToken
	case len(x.asked.Claims) > 0:
		user, err := describedUser(x.asked.Claims, d.rt.id)
		if err == nil && reads {
			err = token.CheckClaims(x.asked.Claims, x.at)
		}
		return user, err
	case reads:
		return token.Examine(d.r, x.at)
	}
	return d.rt.id.identify(d.r, d.repl)
}

// tellToken says why nobody is known: the rule that refused the token, or the places that were
// looked at.
func tellToken(out *cli.Explanation, d *decision, err error) {
	refused, isRefused := errors.AsType[*auth.RefusedError](err)
	token, reads := d.rt.id.(tokenIdentifier)
	switch {
	case isRefused:
		out.TellRefusal(refused)
	case !errors.Is(err, auth.ErrNoToken): // the keys are not there, as the error says itself
	case reads:
		out.TellMissing(token.Places(), d.r.Cookies())
	default:
		out.Error = "no user: this route believes a handler before it, which a walk does not " +
			"run; describe the user with claims"
	}
}

// errNoVariant means that the variant that was asked for is in none of the campaigns.
var errNoVariant = errors.New("no such variant")

// explain decides, and says why. Its errors are errNoVariant and those of decide.
func (d *decision) explain(variant string, out *cli.Explanation) error {
	if d.signed != nil {
		d.entries = []*entry{d.entry}
	}
	campaigns, err := d.listed()
	if err != nil {
		return err
	}
	hasVariant := func(e *entry) bool { return e.hasVariant(variant) }
	if variant != "" && !slices.ContainsFunc(d.entries, hasVariant) {
		return errNoVariant
	}
	for _, e := range d.entries {
		if err := e.Untrusted(d.rt.trusts); err != nil {
			out.Untrusted = append(out.Untrusted, err.Error())
		}
	}
	chosen, err := d.reasons(campaigns, variant)
	out.Rules, out.Dropped = d.rules(chosen.Steps), chosen.Dropped
	out.Subscriber = d.explainedSubscriber()
	if chosen.Index >= 0 {
		d.entry = d.entries[chosen.Index]
	}
	if err != nil {
		return err
	}
	d.offer = chosen.Offer
	out.Campaign, out.Experiment, out.Variant = d.entry.Name(), d.offer.Experiment, d.offer.Variant
	out.Reason = d.offer.Reason
	if d.offer.Bucket >= 0 {
		out.Bucket = &d.offer.Bucket
	}
	return nil
}

// reasons decides, with its reasons.
func (d *decision) reasons(
	list []*campaign.Campaign, variant string,
) (chosen campaign.Decision, err error) {
	if d.signed == nil {
		return campaign.Explain(list, d.campaignUser(), d, d.now, variant)
	}
	chosen, err = d.entry.Explain(d.campaignUser(), d, d.now, variant)
	if errors.Is(err, campaign.ErrNone) {
		err = signedoffer.Refuse(offerState(d.entry.State(d.now)))
	}
	return chosen, err
}

// listed are the campaigns that the question names, else those that the route lists.
func (d *decision) listed() (list []*campaign.Campaign, err error) {
	if d.entries == nil {
		var ok bool
		if d.entries, list, ok = d.rt.offers(d.repl); !ok {
			return nil, errNoSuchOffer
		}
		return list, nil
	}
	for _, e := range d.entries {
		list = append(list, e.Campaign)
	}
	return list, nil
}

// rules adds to each campaign tried what its matchers say. Those behind the chosen one are asked
// too: an operator who wonders why a campaign did not win wants to know whether it could have.
func (d *decision) rules(steps []campaign.Step) []campaign.Step {
	for i := range steps {
		step, e := &steps[i], d.entries[i]
		if d.signed != nil { // its matchers are not asked
			if step.Result == "chosen" {
				step.Detail = "by the signed offer"
			}
			continue
		}
		says := matchers.Explain(e.matchers, e.source, d.r)
		switch step.Result {
		case "no partner":
			step.Detail = d.visit().WhyNot(e.Config().Partner)
		case "chosen", "no match":
			step.Detail = says
		case "not reached":
			if state := e.State(d.now); state != "active" {
				step.Detail = "and is " + state
			} else {
				step.Detail = strings.Join(append([]string{"but " + says}, e.ExplainEvents(d)...), "; ")
			}
		}
	}
	return steps
}

// explainFacts says what the ledger knows of the subscriber, as far as the campaign asks, and the
// answer that sends them elsewhere instead of to a checkout, if there is one. The ledger is read,
// as a click reads it.
func (d *decision) explainFacts(out *cli.Explanation) answer {
	out.Facts = append(out.Facts, d.visit().Explain()...)
	if d.offerHash() != "" {
		if a, done := d.unusable(); done {
			return a
		}
	}
	if a := d.explainCustomer(out); a.outcome != "" || d.offerHash() == "" {
		return a
	}
	if d.facts().OfferSpent() {
		out.Facts = append(out.Facts, "offer: spent by a payment")
		return d.spent()
	}
	out.Facts = append(out.Facts, "offer: not spent")
	return answer{}
}

// explainCustomer is the part of explainFacts about who has bought already.
func (d *decision) explainCustomer(out *cli.Explanation) answer {
	out.Facts = append(out.Facts, d.entry.ExplainEvents(d)...)
	if d.entry.subscribed != nil {
		if to := d.subscribed(); to != "" {
			out.Facts = append(out.Facts, "subscribed: a subscription runs")
			return answer{outcome: outcomeSubscribed, to: to}
		}
		out.Facts = append(out.Facts, "subscribed: no subscription that runs")
	}
	if d.entry.afterPayment == nil {
		return answer{}
	}
	if to := d.afterPayment(); to != "" {
		out.Facts = append(out.Facts, "after_payment: paid within "+d.entry.afterFor.String())
		return answer{outcome: outcomeAfterPayment, to: to}
	}
	out.Facts = append(out.Facts, "after_payment: no payment that counts within "+
		d.entry.afterFor.String())
	return answer{}
}

// describe tells of the request that the API would get, or of what a form would be started with.
func (h *seller) describe(d *decision, out *cli.Explanation) error {
	out.Language = d.language()
	if h.embed != nil {
		start, err := h.embed.params(d, d.attributionWith(""))
		if err == nil {
			start.Token, out.Start = "(hidden)", &start
		}
		return err
	}
	if d.offer.LinkID == "" {
		return noLinkID(d.offer)
	}
	described, err := d.rt.generator.Describe(d.order(clientip.Of(d.r)))
	if err != nil {
		return err
	}
	out.APIRequest = &described
	return nil
}

func (d *decision) explainedSubscriber() (out cli.ExplainedSubscriber) {
	if d.user == nil {
		return out
	}
	out.Claims = d.user.SubscriberTrace()
	if user, known := d.knownUser(); known {
		out.Kind = string(user.Subscriber.Kind)
		out.Hash = d.rt.generator.SubscriberHash(user.Subscriber.ID).String()
	}
	return out
}

// tellOffer says what a signed offer in the request chooses, or that there is none.
func (d *decision) tellOffer(out *cli.Explanation) {
	if d.signed == nil {
		out.Facts = append(out.Facts, "offer: none in "+d.rt.offer.String())
		return
	}
	text := "offer: chooses campaign " + d.signed.Campaign + " until " +
		d.signed.Expires.UTC().Format(time.RFC3339)
	if d.signed.Subscriber != "" {
		text += ", for one subscriber"
	}
	if d.signed.ID != "" {
		text += ", for one payment"
	}
	out.Facts = append(out.Facts, text)
}
