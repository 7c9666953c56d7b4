package linkgen_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
)

// The memory cache lives up to the same stories as the fleet's.
func TestMemoryStories(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) linkgen.Cache {
		memory := linkgen.NewMemory(linkgen.MemoryConfig{})
		t.Cleanup(memory.Close)
		return memory
	})
}
