package signedoffer

import (
	"testing"

	"github.com/caddy-checkout/checkout/auth"
)

// Every rule has a sentence for shoppers, and none of them says more than it should.
func TestSentences(t *testing.T) {
	rules := append(auth.Rules(), ruleTwice, ruleCampaign, ruleValues, ruleID, Scheduled, Over, Revoked,
		Owner)
	for _, rule := range rules {
		r := Refuse(rule)
		if r.Sentence() == "" || r.Error() != "offer refused: "+rule {
			t.Errorf("%s: %q, %q", rule, r.Sentence(), r.Error())
		}
	}
	for rule := range sentences {
		known := false
		for _, other := range rules {
			known = known || other == rule
		}
		if !known {
			t.Errorf("the sentence of %q is nobody's", rule)
		}
	}
	if got := Refuse("signature").Sentence(); got != unreadable {
		t.Errorf("a forged offer: %q", got)
	}
}
