package caddymodule

import (
	"context"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// fleetCache fails, as one behind a network does, when the caller has left.
type fleetCache struct{ linkgen.Cache }

func (c fleetCache) Once(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return c.Cache.Once(ctx, key, ttl)
}

func (c fleetCache) Recall(ctx context.Context, key string) (string, bool, error) {
	if ctx.Err() != nil {
		return "", false, ctx.Err()
	}
	return c.Cache.Recall(ctx, key)
}

// TestShopperWhoLeavesIsNoErrorOfTheCache: his context ends while a fleet's cache is asked.
func TestShopperWhoLeavesIsNoErrorOfTheCache(t *testing.T) {
	shared := linkgen.NewMemory(linkgen.MemoryConfig{})
	t.Cleanup(shared.Close)
	process := func() *App {
		local := linkgen.NewMemory(linkgen.MemoryConfig{})
		t.Cleanup(local.Close)
		return &App{
			log: zap.NewNop(), failures: zap.NewNop(),
			cache: &openCache{Cache: fleetCache{shared}, name: "left"}, state: &sharedState{pooledState: pooledState{local: local}},
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()

	first, second := process(), process()
	if !first.firstTime(gone, "exposure", time.Hour) {
		t.Error("a shopper who left was not counted")
	}
	if second.firstTime(gone, "exposure", time.Hour) {
		t.Error("a shopper who left was counted by two processes")
	}
	pro, err := campaign.New(campaign.Config{Name: "pro", Overrides: campaign.Overrides{LinkID: "1"}}, campaign.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if first.paidRecently(gone, &entry{Campaign: pro, afterFor: time.Hour}, linkgen.Subject{}, time.Now()) {
		t.Error("a shopper who left has paid")
	}
	if errors := readBy("cache", cacheErrors)["left"]; len(errors) != 0 {
		t.Errorf("errors of the cache: %v", errors)
	}
}
