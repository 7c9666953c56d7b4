package caddymodule

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
)

// newLedger is the ledger of one configuration. For now it keeps its facts in the link cache.
func (a *App) newLedger() *ledger.Ledger {
	return ledger.New(ledger.Config{
		Shared: a.cache, Local: a.state.local, Failed: a.hooks().CacheError,
	})
}

// attribute is what rides along with a link and comes back with its payment.
func attribute(o linkgen.Order, subscriber linkgen.SubscriberHash, random string) string {
	a := ledger.Attribution{
		Campaign: o.Campaign, Experiment: o.Experiment, Variant: o.Variant,
		Price: o.Price, Currency: o.Currency, Random: random,
	}
	if subscriber != (linkgen.SubscriberHash{}) {
		a.Subscriber = subscriber.String()
	}
	return a.String()
}

// longestAfterPayment is how long a payment for the campaign matters; one for none matters to all.
func (r registry) longestAfterPayment(campaign string) (longest time.Duration) {
	for name, e := range r.byName {
		if e.afterPayment != nil && (campaign == "" || campaign == name) {
			longest = max(longest, e.afterFor)
		}
	}
	return longest
}

// Where an exposure happened.
const (
	atOffer = "offer"
	atLink  = "link"
)

// expose counts that the user was shown their variant, once a day for the whole fleet. Anonymous
// visitors are never counted.
func (v *visit) expose(at string) {
	if v.offer == nil || !v.offer.Counted || v.user == nil || !v.user.Subscriber.Known() {
		return
	}
	app := v.rt.app
	if app.exposed.before(exposure{v.user, v.offer.Experiment, v.offer.Variant, at}) {
		return
	}
	first := app.ledger.Expose(v.r.Context(), ledger.Exposure{
		At: at, Experiment: v.offer.Experiment, Variant: v.offer.Variant,
		Subscriber: app.generator.SubscriberHash(v.user.Subscriber.ID).String(),
	})
	if first {
		exposures.WithLabelValues(v.offer.Experiment, v.offer.Variant, at).Inc()
	}
}

// exposureTable remembers who was counted a moment ago, so that clicks of the same session cost no
// look-up. Like recall it is bounded and without locks, and forgetting costs nothing but that look-up.
type exposureTable struct {
	seed  maphash.Seed
	slots [recallSlots]atomic.Pointer[exposure]
}

type exposure struct {
	user                    *auth.User
	experiment, variant, at string
}

func newExposureTable() *exposureTable { return &exposureTable{seed: maphash.MakeSeed()} }

// before reports whether e was asked before, and remembers it.
func (t *exposureTable) before(e exposure) bool {
	slot := &t.slots[maphash.Comparable(t.seed, e.user)%recallSlots]
	if known := slot.Load(); known != nil && *known == e {
		return true
	}
	stored := e // so that only what is stored is allocated
	slot.Store(&stored)
	return false
}
