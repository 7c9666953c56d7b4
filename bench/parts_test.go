//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/testneed"
)

// Every part runs to its end against the real binary, with as little work as it can have. Its
// figures mean nothing then.
func TestEveryPartMeasures(t *testing.T) {
	l, err := openLab(t.Context(), settings{
		pairs: 1, requests: 32, conns: 4, users: 8, algs: "HS256,RS256,ES256", runs: 1, links: 200,
		crowd: 20, mail: 1e6, allows: 1000, cores: 2,
		latency: time.Millisecond, soak: 2 * time.Second, rate: 100, payments: 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	for _, p := range parts {
		if p.name == "node" {
			continue // its packages are not ours to install
		}
		t.Run(p.name, func(t *testing.T) {
			switch p.name {
			case "fleet", "costs", "nodes":
				testneed.Redis(t)
			case "nginx":
				testneed.Nginx(t)
			}
			l.found = nil // so few requests are no costs to reckon with
			tables, err := p.run(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range tables {
				if len(table.rows) == 0 {
					t.Errorf("%q has no rows", table.title)
				}
			}
		})
	}
}

// Where nearly every click is the first of its token, a check is measured beside each turn.
func TestCheckIsMeasuredInTheServer(t *testing.T) {
	l, err := openLab(t.Context(), settings{
		pairs: 2, requests: 500, conns: 4, users: manyUsers + 1, algs: "ES256",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	c, err := l.cachedRedirect(t.Context(), "ES256")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.check) != len(c.other) {
		t.Fatalf("%d turns with a check beside %d without", len(c.check), len(c.other))
	}
}
