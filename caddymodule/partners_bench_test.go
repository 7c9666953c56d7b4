package caddymodule_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// longShop has a thousand campaigns on one route, which differ by a matcher.
func longShop(matcher func(i int) string) string {
	var campaigns, names strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&campaigns, "campaign c%d {\nlink_id %d\nmatch {\n%s\n}\n}\n", i, i+1, matcher(i))
		fmt.Fprintf(&names, " c%d", i)
	}
	return strings.NewReplacer("campaign pro {\n\t\t\tlink_id 123\n\t\t\tpackage_name \"Pro, yearly\"\n\t\t}",
		campaigns.String(), "checkout_link /upgrade pro", "checkout_link /upgrade"+names.String()).
		Replace(benchShop)
}

// BenchmarkTheLastOfAThousandCampaigns compares a click that the 1,000th campaign of a route wants
// with one for the first.
func BenchmarkTheLastOfAThousandCampaigns(b *testing.B) {
	for name, matcher := range map[string]func(i int) string{
		"query":      func(i int) string { return fmt.Sprintf("query ref=p%d", i) },
		"expression": func(i int) string { return fmt.Sprintf(`expression {query.ref} == "p%d"`, i) },
	} {
		s := openShop(b, longShop(matcher))
		for _, i := range []int{0, 999} {
			b.Run(fmt.Sprint(name, "/", i+1), func(b *testing.B) {
				serve := repeatedClick(s, fmt.Sprintf("/upgrade?ref=p%d", i))
				for b.Loop() {
					serve()
				}
			})
		}
	}
}

// BenchmarkManyPartners compares a cached click over a table of 100,000 partners with one over a
// table of one. Codes are uniformly random, and every link is
// in the cache, so the second one also has 20,000 links to the other one's single link.
func BenchmarkManyPartners(b *testing.B) {
	const rows = 100_000
	for _, n := range []int{1, rows} {
		var table strings.Builder
		table.WriteString("code,name\n")
		for i := range n {
			fmt.Fprintf(&table, "p%d,Partner number %d\n", i, i)
		}
		partnersFile(b, table.String())
		s := openShop(b, strings.Replace(benchShop, "campaign pro {", "cache memory {\nttl 50m\nmax_links 400000\n"+
			"}\nlimits {\nper_subscriber 1000000/1m\n}\npartners {env.PARTNERS} {\nfrom query ref\n}\ncampaign pro {", 1))
		handler := s.live.Load().handler
		next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
		signed := httptest.NewRequest(http.MethodGet, "/upgrade", nil)
		by("ann@example.com")(&request{signed})
		click := func(i int) {
			r := *signed
			u := *signed.URL
			u.RawQuery = fmt.Sprint("ref=p", i)
			r.URL = &u
			w := &nullWriter{header: make(http.Header, 8)}
			err := handler.ServeHTTP(w, caddyhttp.PrepareRequest(&r, caddy.NewReplacer(), w,
				new(caddyhttp.Server)), next)
			if err != nil || w.header.Get("Location") == "" {
				b.Fatal(i, err, w.header)
			}
		}
		warm := min(n, 20_000) // links
		begin := time.Now()
		for i := range warm {
			click(i * (n / warm))
		}
		b.Logf("%d links in %s", warm, time.Since(begin))
		dice := rand.New(rand.NewPCG(1, 1))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				click(dice.IntN(warm) * (n / warm))
			}
		})
	}
}
