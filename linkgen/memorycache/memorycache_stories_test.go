package memorycache_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
)

func open(t *testing.T) *memorycache.Cache {
	cache := memorycache.New(memorycache.Config{})
	t.Cleanup(cache.Close)
	return cache
}

// The memory cache lives up to the same stories as the fleet's.
func TestStories(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) linkgen.Cache { return open(t) })
}
