package main

import (
	"strings"
	"testing"
	"time"
)

func TestTroubleLeavesTheShopperInGoodHands(t *testing.T) {
	for _, tc := range []struct{ trouble, outcome string }{
		{"down", "unavailable"},
		{"limited", "throttled"},
		{"lying", "untrusted_link"},
		{"broken", "unavailable"},
	} {
		t.Run(tc.trouble, func(t *testing.T) {
			d := open(t, false)
			ada := arrive(t, d)
			ada.signIn("ada")
			ada.trouble(tc.trouble)
			p := ada.get("/checkout/plus")
			sentTo(t, p, "/later?next=%2Fcheckout%2Fplus")
			says(t, ada.get(p.to()), "The checkout is taking a rest", "Nothing was charged")
			it := outcome(t, d, tc.outcome)
			if it.Answer != "fallback" || it.Campaign != "plus" || len(it.Calls) == 0 {
				t.Errorf("the panel has %+v", it)
			}
		})
	}
}

func TestSlowIsSlowOnce(t *testing.T) {
	d := open(t, false)
	ada := arrive(t, d)
	ada.signIn("ada")
	ada.trouble("slow")
	ada.hit("/checkout/plus")
	if it := outcome(t, d, "link"); it.Source != "api" || it.Took < 2*time.Second {
		t.Errorf("the panel has %+v", it)
	}
	ada.hit("/checkout/plus")
	happens(t, d, "the cached link", func(it happening) bool { return it.Source == "cache" })
	apiCalls(t, d, 1)
}

// TestAllIsWellAtOnce: whatever the module had learned to keep away from, nobody has to wait for it
// once the switch is back.
func TestAllIsWellAtOnce(t *testing.T) {
	d := open(t, false)
	// Nobody of them has a link from before.
	for id, who := range map[string]string{
		"down": "ada", "limited": "claire", "lying": "marta", "broken": "kofi",
	} {
		s := arrive(t, d)
		s.signIn(who)
		s.trouble(id)
		for range 4 { // two calls each: enough for the breaker
			sentTo(t, s.get("/checkout/plus"), "/later?next=%2Fcheckout%2Fplus")
		}
		s.trouble("")
		if p := s.get("/checkout/plus"); !strings.HasPrefix(p.to(), d.pay+"/pay/") {
			t.Errorf("after %q all is well, and the checkout leads to %q", id, p.to())
		}
	}
}
