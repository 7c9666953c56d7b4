package sandbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestOnlyKnownBaseLinks(t *testing.T) {
	s := open(t, sandbox.Config{BaseLinks: map[string]sandbox.BaseLink{
		"7": {Name: "Seven", Price: "70", Currency: "TRY", PaymentType: sandbox.Consumable},
	}})
	refused(t, s.call(t, ask(nil)), 400, sandbox.CodeInventedLink)
	l, _ := s.Link(s.link(t, fields{"checkoutLinkId": "7"}))
	want := sandbox.BaseLink{
		Name: "Seven", PackageID: "sandbox-package", PackageName: "Pro",
		Price: "70", Currency: "TRY", PaymentType: sandbox.Consumable,
		Period: "1 month", TrialPeriod: "7 days", TrialPrice: "0.00",
	}
	if diff := cmp.Diff(want, l.Base); diff != "" {
		t.Error(diff)
	}
}
