package redisstore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/redisstore"
)

// A program opens the store once, prints what its Redis says about itself, and takes steps that it
// may take again.
func Example() { //nolint:testableexamples // it needs a Redis
	ctx := context.Background()
	store, err := redisstore.Open(redisstore.Config{
		URLs: []string{"rediss://shop:password@redis.example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	warnings, err := store.Durability(ctx)
	fmt.Println(warnings, err)

	sale, day := ledger.Key{Kind: 1, ID: "sale 1"}, ledger.Key{Kind: 2, ID: "2026-05-01"}
	err = store.Do(ctx, func(steps ledger.Steps) error {
		if err := steps.Change(sale, func(old ledger.Doc) (ledger.Doc, error) {
			old.Value = []byte("paid")
			return old, nil
		}); err != nil {
			return err
		}
		return steps.Add(day, "sale 1", ledger.Delta{Field: "eur", N: 1999})
	})
	fmt.Println(err)
}
