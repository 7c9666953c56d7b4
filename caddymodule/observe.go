package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/hashwatch"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
	"github.com/caddy-checkout/checkout/caddymodule/internal/refusals"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
)

// observe counts and logs one answer.
func observe(d *decision, a answer, what string) {
	fields := accessFields{outcome: a.outcome, answer: what, source: string(a.link.Source)}
	if d.entry != nil {
		fields.campaign = d.entry.name
	}
	if d.offer != nil {
		fields.variant = d.offer.Variant
	}
	if a.outcome == outcomeLink {
		d.entry.counters.HandedOut(what, a.link.Source, time.Since(d.now))
	} else {
		metrics.Requests.WithLabelValues(fields.campaign, a.outcome, what).Inc()
	}
	server, ok := d.r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	// else this server keeps no access log, so nobody would read them
	if !ok || server.Logs != nil {
		fields.add(d)
	}
	if refused, ok := errors.AsType[*signedoffer.RefusedError](a.err); ok {
		d.countOffer(refused)
	}
	switch {
	case a.outcome == outcomeNoAddress:
		d.rt.addresses.Missing(d.rt.log, a.outcome)
	case outcomes[a.outcome].ours, a.outcome == outcomeNoCampaign && !a.next:
		logFailure(d, a, fields)
	}
}

// accessFields are our fields in the site's access log. They hold nothing personal.
type accessFields struct{ outcome, answer, campaign, variant, source string }

// MarshalLogObject writes the fields that are set.
func (f accessFields) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("checkout_outcome", f.outcome)
	enc.AddString("checkout_answer", f.answer)
	for _, field := range [...]struct{ name, value string }{
		{"checkout_campaign", f.campaign},
		{"checkout_variant", f.variant},
		{"checkout_source", f.source},
	} {
		if field.value != "" {
			enc.AddString(field.name, field.value)
		}
	}
	return nil
}

// add puts the fields into the access log's line of the request.
func (f accessFields) add(d *decision) {
	extra, ok := d.r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	if ok {
		extra.Set(zap.Inline(f)) // one field costs less than five
	}
}

// logFailure tells the operator once why a shopper got no link; what repeats is sampled.
// handle_errors would hide it.
func logFailure(d *decision, a answer, of accessFields) {
	level := zapcore.WarnLevel
	switch a.outcome {
	case string(linkgen.Refused), string(linkgen.UntrustedLink),
		outcomeBadOffer, outcomeNoCampaign, outcomePanic:
		level = zapcore.ErrorLevel
	}
	checked := d.rt.failures.Check(level, "no checkout link: "+a.outcome)
	if checked == nil {
		return
	}
	fields := []zap.Field{
		zap.String("outcome", a.outcome), zap.String("answer", of.answer),
		zap.String("campaign", of.campaign),
	}
	if user, ok := d.knownUser(); ok {
		hash := d.rt.generator.SubscriberHash(user.Subscriber.ID)
		fields = append(fields, zap.Stringer("subscriber", hash))
	}
	checked.Write(append(fields, d.causeFields(a.err)...)...)
}

// causeFields tell of an error what may be logged.
func (d *decision) causeFields(err error) []zap.Field {
	e, ok := errors.AsType[*linkgen.Error](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return []zap.Field{zap.NamedError("cause", err)}
	}
	fields := []zap.Field{
		zap.String("project", metrics.Project(d.entry.project)), zap.String("code", e.Code),
		zap.String("request_id", e.RequestID), zap.Int("status", e.Status),
	}
	if cause := e.Cause(); cause != nil {
		fields = append(fields, zap.NamedError("cause", cause))
	}
	return fields
}

// expose notes that the user was shown their variant, once in a run for as long as the ledger
// remembers.
// Anonymous visitors are never counted, and those who were counted a moment ago cost nothing. The
// offer must be one that counts.
func (d *decision) expose(at string) {
	user, ok := d.knownUser()
	if !ok {
		return
	}
	l, err := d.rt.ledger.Get()
	if err != nil {
		return // nobody is counted whom the ledger does not know
	}
	e := exposure{
		user.Subscriber.ID, d.entry.run, d.offer.Variant, d.now.Unix() / 60,
	}
	if d.rt.exposed.Add(e) {
		return
	}
	hash, former := hashesOf(d.rt.generator, user.Subscriber.ID)
	l.Expose(ledger.Exposure{
		At: at, Run: e.run, Variant: e.variant, Time: d.now, Subscriber: hash, Former: former,
	})
}

// meetPartner counts the codes that the request brought, and remembers the visitor's first partner.
func (d *decision) meetPartner(w http.ResponseWriter) {
	d.visit().Meet(w, d.repl.GetString, func(code partners.Code) {
		metrics.PartnerCodes.WithLabelValues(code.In, code.Result).Inc()
	})
}

// countPartnerLink counts a link that was handed out for a partner.
func (d *decision) countPartnerLink() {
	p := d.visit().Partner()
	if !p.Known() {
		return
	}
	if l, err := d.rt.ledger.Get(); err == nil {
		l.Handed(p.Attribution(), d.now)
	}
}

// noStableID is the reason of an offer for somebody whom the experiment cannot place.
const noStableID = "DEFAULT"

// watchHashAttribute tells the operator when the first users of an experiment all lack the claim
// that is hashed. Anonymous visitors lack it, too, and prove nothing.
func (d *decision) watchHashAttribute() {
	watch := d.entry.hashWatch
	if watch.Over() {
		return
	}
	user, ok := d.knownUser()
	switch {
	case !ok:
	case d.offer.Reason != noStableID:
		watch.Has()
	case watch.Lacks(user.Subscriber.ID):
		experiment := d.entry.Config().Experiment
		d.rt.log.Warn("the first users of an experiment lack its hash_attribute: such users get "+
			"the first variant and are not counted; write the name of a claim that their tokens "+
			"have", zap.String("campaign", d.entry.Name()),
			zap.String("experiment", experiment.Key),
			zap.String("hash_attribute", experiment.HashAttribute),
			zap.Int("users", hashwatch.Users))
	}
}

// countRefusal counts a refused token by its rule, and tells of it at most once a minute for each
// rule and identity; every other error is not one. A request counts once, however many of our
// directives read its token.
func (d *decision) countRefusal(err error) {
	refused, ok := errors.AsType[*auth.RefusedError](err)
	if !ok || d.state.refused {
		return
	}
	d.state.refused = true
	metrics.TokenRefusals.WithLabelValues(refused.Rule).Inc()
	due := d.rt.refusals.Add(refusals.Kind{Rule: refused.Rule, Identity: d.rt.identity}, d.now)
	if due == 0 {
		return
	}
	fields := []zap.Field{
		zap.String("rule", refused.Rule),
		zap.String("identity", d.rt.identity), zap.Int("count", due),
		zap.Error(refused), // it says where to read on, if there is something to read
	}
	if refused.Expected != "" { // iss or aud, which name sites and nobody
		fields = append(fields, zap.String("expected", refused.Expected),
			zap.String("given", refused.Given))
	}
	d.rt.log.Warn("token refused: its user is not signed in here", fields...)
}

// countMissing counts a click without a token under the place where it was looked for first, so that
// a wrong name of a cookie is seen. It is no refused token, and everyday, so nothing is logged.
func (d *decision) countMissing(err error) {
	if d.rt.missing != "" && !d.state.refused && errors.Is(err, auth.ErrNoToken) {
		d.state.refused = true
		metrics.TokenRefusals.WithLabelValues(d.rt.missing).Inc()
	}
}

// ruleOffer is what refused offers count under. Sign-in and offers fail for different people and
// different reasons, and an offer that has expired is everyday.
const ruleOffer = "offer"

// countOffer counts a refused offer, once a request, and tells of its rule at most once a minute.
func (d *decision) countOffer(refused *signedoffer.RefusedError) {
	if d.state.refusedOffer {
		return
	}
	d.state.refusedOffer = true
	metrics.TokenRefusals.WithLabelValues(ruleOffer).Inc()
	due := d.rt.refusals.Add(refusals.Kind{Rule: refused.Rule, Identity: "offers"}, d.now)
	if due == 0 {
		return
	}
	d.rt.log.Warn("signed offer refused: its link gets the fallback, or an error",
		zap.String("rule", refused.Rule), zap.Int("count", due))
}

// logPanic logs a panic's type and place. Its text may hold anything, so it stays out.
func logPanic(log *zap.Logger, message string, p any) {
	log.Error(message, zap.String("type", typeName(p)), zap.ByteString("stack", debug.Stack()))
}

// typeName is all that may be logged of a value that could hold anything.
func typeName(value any) string { return fmt.Sprintf("%T", value) }
