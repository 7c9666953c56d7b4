//go:build unix

package redisstore

import (
	"fmt"
	"testing"

	"github.com/caddy-checkout/checkout/internal/redistest"
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
