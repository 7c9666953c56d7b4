package linkgen_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// The sandbox stands in for Zotlo: without its Transport the same code calls the real API.
func Example() {
	cache := memorycache.New(memorycache.Config{MaxLinks: 10_000})
	defer cache.Close()
	stand := sandbox.New(sandbox.Config{PublicURL: "https://pay.example.com"})
	generator, err := linkgen.New(linkgen.Config{
		Projects: []linkgen.Project{{
			Project: zotlo.Project{
				AccessKey:      sandbox.DefaultAccessKey,
				AccessSecret:   sandbox.DefaultAccessSecret,
				ApplicationKey: sandbox.DefaultApplicationKey,
			}, LinkHosts: []string{"pay.example.com"},
		}},
		Key:       []byte("thirty-two secret bytes or so..."),
		Cache:     cache,
		Transport: stand.Transport(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer generator.Close()

	order := linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: "email", ID: "ada@example.com"},
		IP:         netip.MustParseAddr("203.0.113.7"), // as your server knows it, not as a header says
		LinkID:     "123",                              // of a checkout link in the Dashboard
		Price:      "14.99",
		Currency:   "EUR",
	}
	for range 2 {
		link, err := generator.Link(context.Background(), generator.Prepare(order), "shop.example.com")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(link.Source) // redirect to link.URL with 303 and Cache-Control: no-store
	}

	// They paid, says the webhook: their links are dead.
	_ = generator.Forget(context.Background(), generator.SubscriberHash("ada@example.com"))
	link, _ := generator.Link(context.Background(), generator.Prepare(order), "shop.example.com")
	fmt.Println(link.Source)
	// Output:
	// api
	// cache
	// api
}

func ExampleError() {
	err := error(&linkgen.Error{Reason: linkgen.Busy})
	var e *linkgen.Error
	if errors.As(err, &e) && e.Reason == linkgen.Busy {
		fmt.Println(e) // for the shopper; e.Cause() is for the log
	}
	// Output: the checkout is busy, please try again in a moment
}

func ExampleGenerator_Describe() {
	cache := memorycache.New(memorycache.Config{})
	defer cache.Close()
	generator, err := linkgen.New(linkgen.Config{
		Projects: []linkgen.Project{{Project: zotlo.Project{AccessKey: "k", AccessSecret: "s", ApplicationKey: "a"}}},
		Key:      []byte("thirty-two secret bytes or so..."), Cache: cache,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := generator.Describe(linkgen.Order{LinkID: "123", Campaign: "pro", Language: "tr"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Method, d.URL)
	fmt.Println(d.Header["AccessSecret"], d.Body)
	// Output:
	// POST https://api.zotlo.com/v2/app-to-web/one-link
	// (hidden) map[applicationKey:(hidden) checkoutLinkId:123 customParameters:map[] language:tr]
}
