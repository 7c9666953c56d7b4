package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

// remote fails, as a store behind a network does, when the caller has left.
type remote struct{ ledger.Facts }

func (r remote) Once(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return r.Facts.Once(ctx, key, ttl)
}

func (r remote) Recall(ctx context.Context, key string) (string, bool, error) {
	if ctx.Err() != nil {
		return "", false, ctx.Err()
	}
	return r.Facts.Recall(ctx, key)
}

// memory is a store in this process.
func memory(t testing.TB) *memorycache.Cache {
	cache := memorycache.New(memorycache.Config{})
	t.Cleanup(cache.Close)
	return cache
}

// TestShopperWhoLeavesIsNoErrorOfTheCache: their context ends while a fleet's store is asked.
func TestShopperWhoLeavesIsNoErrorOfTheCache(t *testing.T) {
	shared := memory(t)
	process := func() *ledger.Ledger {
		return ledger.New(ledger.Config{
			Shared: remote{shared}, Local: memory(t),
			Failed: func(err error) { t.Errorf("an error of the store: %v", err) },
		})
	}
	gone, leave := context.WithCancel(t.Context())
	leave()

	first, second := process(), process()
	shown := ledger.Exposure{At: "link", Experiment: "e", Variant: "v", Subscriber: "ada"}
	if !first.Expose(gone, shown) {
		t.Error("a shopper who left was not counted")
	}
	if second.Expose(gone, shown) {
		t.Error("a shopper who left was counted by two processes")
	}
	if first.PaidRecently(gone, "ada", "pro", time.Hour, time.Now()) {
		t.Error("a shopper who left has paid")
	}
}
