package caddymodule

import (
	"context"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/linkgen"
)

// Where an exposure happened.
const (
	atOffer = "offer"
	atLink  = "link"
)

// exposureTTL is how long a user counts once per experiment, variant and place.
const exposureTTL = 24 * time.Hour

// expose counts that the user was shown his variant, once a day for the whole fleet. Strangers are never counted.
func (v *visit) expose(at string) {
	if v.offer == nil || !v.offer.Counted || v.user == nil || !v.user.Subscriber.Known() {
		return
	}
	if v.rt.app.exposed.before(exposure{v.user, v.offer.Experiment, v.offer.Variant, at}) {
		return
	}
	app := v.rt.app
	subject := app.generator.Subject(v.user.Subscriber.ID)
	key := "exposure:" + at + ":" + v.offer.Experiment + ":" + v.offer.Variant + ":" + subject.String()
	if app.firstTime(v.r.Context(), key, exposureTTL) {
		exposures.WithLabelValues(v.offer.Experiment, v.offer.Variant, at).Inc()
	}
}

// exposureTable remembers who was counted a moment ago, so that clicks of the same session cost no look-up. Like recall it is
// bounded and without locks, and forgetting costs nothing but that look-up.
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

// firstTime asks this process first, so that a shared cache is asked once per key and process. When the shared cache fails, this
// process's answer stands. A shopper who leaves was shown his variant all the same, so the question outlives him; the cache bounds it.
func (a *App) firstTime(ctx context.Context, key string, ttl time.Duration) bool {
	if first, err := a.state.local.Once(ctx, key, ttl); err == nil && !first {
		return false
	}
	if _, local := a.cache.Cache.(*linkgen.Memory); local {
		return true
	}
	first, err := a.cache.Once(context.WithoutCancel(ctx), key, ttl)
	if err != nil {
		a.hooks().CacheError(err)
		return true
	}
	return first
}
