package caddymodule

import (
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// observe counts and logs one answer.
func observe(v *visit, a answer, what string) {
	name := v.campaign(a.err)
	if a.outcome == outcomeLink {
		v.entry.counters.handedOut(what, a.link.Source, time.Since(v.now))
	} else {
		requests.WithLabelValues(name, a.outcome, what).Inc()
	}
	addAccessLogFields(v.r, accessFields{outcome: a.outcome, answer: what, campaign: name, variant: v.variant(), source: string(a.link.Source)})
	if outcomes[a.outcome].ours || a.outcome == outcomeNoCampaign && !a.next {
		logFailure(v, a, what, name)
	}
}

// campaign is the name of the chosen campaign, else of the one that could not be asked.
func (v *visit) campaign(err error) string {
	if v.entry != nil {
		return v.entry.Name()
	}
	if failed, ok := errors.AsType[*campaign.Error](err); ok {
		return failed.Campaign.Name()
	}
	return ""
}

func (v *visit) variant() string {
	if v.offer == nil {
		return ""
	}
	return v.offer.Variant
}

// accessFields are our fields in the site's access log. They hold nothing personal.
type accessFields struct{ outcome, answer, campaign, variant, source string }

// MarshalLogObject writes the fields that are set.
func (f accessFields) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("checkout_outcome", f.outcome)
	enc.AddString("checkout_answer", f.answer)
	for _, field := range [...]struct{ name, value string }{
		{"checkout_campaign", f.campaign}, {"checkout_variant", f.variant}, {"checkout_source", f.source},
	} {
		if field.value != "" {
			enc.AddString(field.name, field.value)
		}
	}
	return nil
}

func addAccessLogFields(r *http.Request, fields accessFields) {
	if server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok && server.Logs == nil {
		return // this server keeps no access log, so nobody would read them
	}
	if extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Set(zap.Inline(fields)) // one field costs less than five
	}
}

// logFailure tells the operator once why a shopper got no link; what repeats is sampled. handle_errors would hide it.
func logFailure(v *visit, a answer, what, name string) {
	level := zapcore.WarnLevel
	switch a.outcome {
	case string(linkgen.Refused), string(linkgen.UntrustedLink), outcomeBadOffer, outcomeNoCampaign, outcomePanic:
		level = zapcore.ErrorLevel
	}
	checked := v.rt.app.failures.Check(level, "no checkout link: "+a.outcome)
	if checked == nil {
		return
	}
	fields := []zap.Field{zap.String("outcome", a.outcome), zap.String("answer", what), zap.String("campaign", name)}
	if v.user != nil && v.user.Subscriber.Known() {
		fields = append(fields, zap.Stringer("subscriber", v.rt.app.generator.SubscriberHash(v.user.Subscriber.ID)))
	}
	if e, ok := errors.AsType[*linkgen.Error](a.err); ok {
		fields = append(fields, zap.String("project", projectLabel(v.entry.project)), zap.String("code", e.Code), zap.String("request_id", e.RequestID), zap.Int("status", e.Status))
		if cause := e.Cause(); cause != nil {
			fields = append(fields, zap.NamedError("cause", cause))
		}
	} else if a.err != nil {
		fields = append(fields, zap.NamedError("cause", a.err))
	}
	checked.Write(fields...)
}

// countRefusal counts a refused token by its rule; every other error is not one. A request counts once, however many of our directives read
// its token.
func (v *visit) countRefusal(err error) {
	refused, ok := errors.AsType[*auth.RefusedError](err)
	if !ok {
		return
	}
	first := v
	for first.before != nil {
		first = first.before
	}
	if first.refused {
		return
	}
	first.refused = true
	tokenRefusals.WithLabelValues(refused.Rule).Inc()
	if c := v.rt.app.log.Check(zap.DebugLevel, "token refused"); c != nil {
		c.Write(zap.String("rule", refused.Rule))
	}
}

// logPanic logs a panic's type and place. Its text may hold anything, so it stays out.
func logPanic(log *zap.Logger, message string, p any) {
	log.Error(message, zap.String("type", typeName(p)), zap.ByteString("stack", debug.Stack()))
}

// sampled lets the first five of a message through in ten seconds, then every hundredth.
func sampled(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, 10*time.Second, 5, 100)
	}))
}

// projectLabel names a project in metrics, log and admin answers, where an empty name would be odd.
func projectLabel(name string) string {
	if name == "" {
		return "default"
	}
	return name
}

// hooks connect the generator to metrics and log.
func (a *App) hooks() linkgen.Hooks {
	return linkgen.Hooks{
		APICall: func(project, result string, d time.Duration) {
			apiRequests.WithLabelValues(projectLabel(project), result).Inc()
			apiDuration.WithLabelValues(projectLabel(project)).Observe(d.Seconds())
		},
		InFlight: func(delta int) { apiInFlight.Add(float64(delta)) },
		Breaker: func(project string, open bool) {
			breakerOpen.WithLabelValues(projectLabel(project)).Set(gauge(open))
			if open {
				a.log.Warn("calls to the API keep failing: pausing them", zap.String("project", projectLabel(project)))
			} else {
				a.log.Info("calls to the API work again", zap.String("project", projectLabel(project)))
			}
		},
		CacheError: func(err error) {
			cacheErrors.WithLabelValues(a.cache.name).Inc()
			a.failures.Warn("cache failed, going on without it", zap.String("cache", a.cache.name), zap.Error(err))
		},
		Paused: func(project, code string, d time.Duration) {
			a.log.Error("the API refused our credentials or address, or asked for a pause", zap.String("project", projectLabel(project)), zap.String("code", code), zap.Duration("pause", d))
		},
		Panic: func(value any, stack []byte) {
			a.log.Error("panic while calling the API", zap.Any("type", typeName(value)), zap.ByteString("stack", stack))
		},
	}
}
