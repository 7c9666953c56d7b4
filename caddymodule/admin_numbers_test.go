package caddymodule_test

import (
	"net/http"
	"testing"
)

// TestNewExperimentIsNotCreditedWithTheOldOnesPayments: a new key with the same names of variants
// began with the old one's sales.
func TestNewExperimentIsNotCreditedWithTheOldOnesPayments(t *testing.T) {
	running := func(key string) string {
		return officeWith("\t\tcampaign swap {\n\t\t\tlink_id 1\n\t\t\texperiment "+
			""+key+" {\n\t\t\t\tvariant control 50%\n\t\t\t\tvariant cheaper 50%\n\t\t\t}\n\t\t}",
			"checkout_link /upgrade swap\n\tcheckout_webhook /hooks {\n\t\ttoken "+
				"{env.HOOK_TOKEN}\n\t}")
	}
	o := openOffice(t, running("swap-old"))
	sold := func() (campaign, variants float64) {
		var answer struct {
			Campaigns []struct {
				Conversions map[string]float64
				Refunds     float64
				Experiment  struct {
					Variants []struct {
						Conversions map[string]float64
						Refunds     float64
					}
				}
			}
		}
		o.ask(http.MethodGet, "/checkout/campaigns", "", &answer)
		c := answer.Campaigns[0]
		for _, v := range c.Experiment.Variants {
			variants += total(v.Conversions) + v.Refunds
		}
		return total(c.Conversions) + c.Refunds, variants
	}
	campaignBefore, variantsBefore := sold()
	res, _ := o.click("/upgrade", by("ann@example.com"))
	if _, err := o.zotlo.Refund(o.pay(res.Header.Get("Location")).TransactionID); err != nil {
		t.Fatal(err)
	}
	if campaign, variants := sold(); campaign-campaignBefore != 2 || variants-variantsBefore != 2 {
		t.Fatalf("a payment and a refund, and the campaign has %v more, its variants %v",
			campaign-campaignBefore, variants-variantsBefore)
	}
	if err := o.reload(running("swap-new")); err != nil {
		t.Fatal(err)
	}
	if campaign, variants := sold(); campaign-campaignBefore != 2 || variants != 0 {
		t.Errorf("under a new key the campaign has %v, its variants %v", campaign, variants)
	}
}

func total(counts map[string]float64) (sum float64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
