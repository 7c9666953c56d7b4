package rediscache_test

import (
	"context"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/rediscache"
)

// A Redis that is not there is a miss and an error, never a failed checkout.
func Example() {
	cache, err := rediscache.New(rediscache.Config{
		URLs:   []string{"redis://127.0.0.1:1"}, // nobody listens here
		Secret: []byte("the same on every node"),
		// Long for the example's sake: a busy machine may need a while to say that nobody listens.
		Timeout: 5 * time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cache.Close()

	lookup, err := cache.Get(context.Background(), linkgen.Key{})
	fmt.Println(lookup.Found, rediscache.Kind(err))
	// Output: false connection
}
