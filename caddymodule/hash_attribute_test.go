package caddymodule_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func hashedServer(t *testing.T, route string) *server {
	t.Helper()
	return openServer(t, serverWith(`		campaign pro {
			link_id 1
			experiment price {
				hash_attribute user_id
				variant control 50%
				variant cheaper 50%
			}
		}`, route))
}

// visits lets users without the claim, or with it, look at the offer.
func (srv *server) visits(from, to int, claims jwt.MapClaims) {
	for i := from; i <= to; i++ {
		all := jwt.MapClaims{"email": fmt.Sprintf("u%d@example.com", i), "userId": i}
		maps.Copy(all, claims)
		srv.click("/plans", as(all))
	}
}

const nobodyHasIt = "the first users of an experiment lack its hash_attribute"

// TestHashAttributeThatNobodyHasIsToldOnce: user_id was configured, the tokens say userId, and
// everybody quietly got the first variant.
func TestHashAttributeThatNobodyHasIsToldOnce(t *testing.T) {
	srv := hashedServer(t, "checkout_offer /plans pro")
	srv.visits(1, 19, nil)
	srv.warns(0, nobodyHasIt)
	srv.visits(20, 60, nil)
	srv.warns(1, nobodyHasIt, `"level":"warn"`, `"campaign":"pro"`, `"experiment":"price"`,
		`"hash_attribute":"user_id"`, `"users":20`)
}

func TestHashAttributeThatOneUserHasIsNoMistake(t *testing.T) {
	srv := hashedServer(t, "checkout_offer /plans pro")
	srv.visits(1, 19, nil)
	srv.visits(20, 20, jwt.MapClaims{"user_id": 7})
	srv.visits(21, 60, nil)
	srv.warns(0, nobodyHasIt)
}

// TestHashAttributeIsMissedByUsersOnly: neither one user who comes back nor anonymous visitors say
// anything about the tokens.
func TestHashAttributeIsMissedByUsersOnly(t *testing.T) {
	srv := hashedServer(t, "checkout_offer /plans pro")
	for range 40 {
		srv.visits(1, 1, nil)
		srv.click("/plans")
	}
	srv.warns(0, nobodyHasIt)
}
