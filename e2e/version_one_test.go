//go:build unix

package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// versionOne is what version 0.1 left behind: its own binary served versionOneSite to three
// shoppers, of whom Ada and Bob then paid. The keys were the sandbox's defaults.
type versionOne struct {
	// By shopper: where they were sent.
	Links map[string]string `json:"links"`
	// All of its Redis, by key, before and after the payments.
	Before map[string][]byte `json:"before"`
	After  map[string][]byte `json:"after"`
	// The webhooks that it was sent, with attributions of its own.
	Webhooks []string `json:"webhooks"`
}

// versionOneSite is the site of that time, which needs no change.
var versionOneSite = "{" + shoptest.Private + `
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		cache redis {
			url {env.REDIS}
			timeout 5s
			ttl 15m
		}
		campaign pro {
			link_id 1
			after_payment /account
		}
		campaign sale {
			link_id 2
			experiment price {
				variant control 50% {
					one_time_price 19.99 EUR
				}
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
		}
	}
}

http:// {
	checkout_link /pro pro
	checkout_link /sale sale
	checkout_webhook /hooks/zotlo {
		token {env.HOOK_TOKEN}
	}
	metrics /metrics
}
`

// The shoppers of that day, and what each of them was sold.
const (
	ada = "ada@example.com"
	bob = "bob@example.com"
	cem = "cem@example.com"
)

var versionOnePaths = map[string]string{ada: "/pro", bob: "/sale", cem: "/sale"}

// TestVersionOneSharesItsRedis: during an upgrade both versions serve over one Redis. What the old
// one wrote does not get in the way, a payment that either of them hears of kills the links of
// both, and a payment under a link of the old one is that of its campaign and variant.
func TestVersionOneSharesItsRedis(t *testing.T) {
	t.Parallel()
	var old versionOne
	err := json.Unmarshal([]byte(shoptest.Read(t, "e2e/testdata/version-1.json")), &old)
	if err != nil {
		t.Fatal(err)
	}
	server := redistest.Start(t)
	shared := server.Client()
	old.put(t, shared, old.Before)
	s := shoptest.OpenSelling(t, versionOneSite, "REDIS="+server.URL())

	links := map[string]string{}
	for who, path := range versionOnePaths {
		if links[who] = s.Sold(t, who, path).URL; links[who] == old.Links[who] {
			t.Errorf("%s got a link of an order that was another one", who)
		}
	}
	for _, epoch := range old.epochs() {
		if got := shared.Get(t.Context(), epoch).Val(); got != string(old.Before[epoch]) {
			t.Errorf("the epoch %s was replaced: the old version's links are dead", epoch)
		}
	}

	// The old version hears of both payments.
	for key := range old.Before {
		if _, stays := old.After[key]; !stays {
			shared.Del(t.Context(), key)
		}
	}
	old.put(t, shared, old.After)
	for who, path := range versionOnePaths {
		again := s.Sold(t, who, path).URL
		if paid := who != cem; paid == (again == links[who]) {
			t.Errorf("%s paid: %t; they got the same link: %t", who, paid, again == links[who])
		}
	}

	// This version hears of them as well.
	old.live(t, shared, 3)
	for _, webhook := range old.Webhooks {
		s.PostHook(t, webhook, 200)
	}
	old.live(t, shared, 1)
	if to := s.Click(t, ada, "/pro").Header.Get("Location"); to != "/account" {
		t.Errorf("Ada, who paid, is sent to %q", to)
	}
	if again := s.Sold(t, cem, "/sale").URL; again != links[cem] {
		t.Error("Cem, who did not pay, lost their link")
	}
	conversions := "caddy_checkout_conversions_total"
	s.WantSum(t, conversions, "", 2)
	s.WantSum(t, conversions, `campaign="pro",experiment="",type="start_paid",variant=""`, 1)
	s.WantSum(t, conversions,
		`campaign="sale",experiment="price",type="consumable",variant="control"`, 1)
	s.WantSum(t, "caddy_checkout_webhooks_total", `result="failed"`, 0)
	s.WantSum(t, "caddy_checkout_cache_errors_total", "", 0)
}

// put writes what a Redis of that day held.
func (v versionOne) put(t *testing.T, to *redis.Client, values map[string][]byte) {
	t.Helper()
	for key, value := range values {
		if err := to.Set(t.Context(), key, value, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// live wants so many of the three to have an epoch, as the old version sees it: without one its links
// are dead.
func (v versionOne) live(t *testing.T, in *redis.Client, want int64) {
	t.Helper()
	if n := in.Exists(t.Context(), v.epochs()...).Val(); n != want {
		t.Errorf("%d of the three have live links, want %d", n, want)
	}
}

// epochs are the keys of what makes each of the three shoppers' links live.
func (v versionOne) epochs() (keys []string) {
	for key := range v.Before {
		if strings.HasSuffix(key, "}") {
			keys = append(keys, key)
		}
	}
	return keys
}
