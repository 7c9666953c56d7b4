package ledger_test

import (
	"fmt"

	"github.com/caddy-checkout/checkout/ledger"
)

func ExampleParseAttribution() {
	a, err := ledger.ParseAttribution("c=black-friday&v=cheaper&p=14.99&u=EUR")
	fmt.Println(a.Campaign, a.Variant, a.Price, a.Currency, err)
	// Output: black-friday cheaper 14.99 EUR <nil>
}
