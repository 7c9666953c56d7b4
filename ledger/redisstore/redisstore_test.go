//go:build unix

package redisstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/ledgermodel"
	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
)

// TestStores has all stories in one Redis, which their prefixes keep apart.
func TestStores(t *testing.T) {
	server, stories := redistest.Start(t), 0
	ledgertest.Stores(t, func(t *testing.T) ledger.Store {
		stories++
		return open(t, Config{
			URLs: []string{server.URL()}, KeyPrefix: fmt.Sprintf("story-%d:", stories),
		})
	})
}

func TestExperiments(t *testing.T) {
	server, stories := redistest.Start(t), 0
	ledgertest.Experiments(t, func(t *testing.T) ledger.Store {
		stories++
		return open(t, Config{
			URLs: []string{server.URL()}, KeyPrefix: fmt.Sprintf("experiment-%d:", stories),
		})
	})
}

func TestStoresInACluster(t *testing.T) {
	var urls []string
	for _, node := range redistest.StartCluster(t).Masters {
		urls = append(urls, node.URL())
	}
	stories := 0
	ledgertest.Stores(t, func(t *testing.T) ledger.Store {
		stories++
		return open(t, Config{
			URLs: urls, Cluster: true, KeyPrefix: fmt.Sprintf("story-%d:", stories),
		})
	})
}

func TestStories(t *testing.T) {
	server, stories := redistest.Start(t), 0
	ledgertest.Stories(t, func(t *testing.T) ledger.Store {
		stories++
		return open(t, Config{
			URLs: []string{server.URL()}, KeyPrefix: fmt.Sprintf("story-%d:", stories),
		})
	})
}

// TestModel has a fifth of the other stores' full size: each step is a round trip.
func TestModel(t *testing.T) {
	server := redistest.Start(t)
	sales := max(testsize.Long(ledgermodel.Sales/5), 100)
	ledgermodel.Play(t, sales,
		func(now func() time.Time) ledger.Store {
			return open(t, Config{URLs: []string{server.URL()}, Now: now})
		})
}
