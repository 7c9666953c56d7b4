package sandbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

var team = sandbox.BaseLink{PackageID: "team", PackageName: "Team", Price: "29.00", Currency: "EUR"}

func TestUpgrade(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks)
	s.clock.Advance(10 * day)
	up, err := s.Upgrade(p.TransactionID, team, sandbox.Charge("19.50", "EUR"))
	if err != nil {
		t.Fatal(err)
	}
	told(t, hooks, "payment renewal 19.50", "status package_update active")
	if up.OriginalTransactionID != p.TransactionID || up.PackageID != "team" {
		t.Errorf("upgrade: %+v", up)
	}
	next := renew(t, s, up)
	if next.Price != "29.00" || next.PackageID != "team" {
		t.Errorf("the renewal after it: %+v", next)
	}
}

func TestUpgradeThatIsAnotherPurchase(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{
		Doubts: sandbox.Doubts{UpgradeIsNew: true, UpgradeIsStart: true},
	})
	p := subscribe(t, s, hooks)
	up, err := s.Upgrade(p.TransactionID, team)
	if err != nil {
		t.Fatal(err)
	}
	told(t, hooks, "payment start_paid 29.00", "status package_update active")
	list := s.Subscriptions()
	if up.OriginalTransactionID != up.TransactionID || up.SubscriberID != p.SubscriberID ||
		len(list) != 2 || list[0].Status != "passive" || list[1].Status != "active" ||
		list[0].ID == list[1].ID {
		t.Errorf("upgrade %+v; subscriptions %+v", up, list)
	}
}

func TestDowngradeWaitsForTheRenewal(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks)
	ok(t, s.Downgrade(p.TransactionID, sandbox.BaseLink{PackageID: "lite", Price: "4.99"}))
	told(t, hooks, "status package_update active")
	if v := s.Subscriptions()[0]; v.PackageID != p.PackageID || v.NextPackageID != "lite" {
		t.Errorf("before: %+v", v)
	}
	if next := renew(t, s, p); next.PackageID != "lite" || next.Price != "4.99" {
		t.Errorf("renewal: %+v", next)
	}
	if v := s.Subscriptions()[0]; v.PackageID != "lite" || v.NextPackageID != "" {
		t.Errorf("after: %+v", v)
	}
}

// An offer after the payment: the same link, another purchase.
func TestUpsell(t *testing.T) {
	offer := sandbox.BaseLink{
		PackageID: "book", Price: "4.99", Currency: "EUR", PaymentType: sandbox.Consumable,
	}
	s, hooks := openWithHooks(t, sandbox.Config{})
	p := subscribe(t, s, hooks, sandbox.As("bob@example.com"))
	extra, err := s.Upsell(p.TransactionID, offer)
	if err != nil {
		t.Fatal(err)
	}
	told(t, hooks, "payment consumable 4.99")
	if extra.OriginalTransactionID != extra.TransactionID || extra.LinkURL != p.LinkURL ||
		extra.SubscriberID != "bob@example.com" || extra.PackageID != "book" {
		t.Errorf("upsell: %+v", extra)
	}
	ok(t, s.SetDoubts(sandbox.Doubts{UpsellSharesOriginal: true}))
	if extra, err = s.Upsell(p.TransactionID, team); err != nil ||
		extra.OriginalTransactionID != p.TransactionID || extra.TransactionID == p.TransactionID {
		t.Errorf("with the same original: %+v, %v", extra, err)
	}
	told(t, hooks, "payment start_paid 29.00", "status newSubscriber active")
	if _, err := s.Upsell("none", offer); err != sandbox.ErrNoPayment {
		t.Errorf("after no payment: %v", err)
	}
}

func TestSecondPurchaseOfAPackage(t *testing.T) {
	s := open(t, sandbox.Config{})
	link := func() string { return s.link(t, fields{"subscriberId": "ada@example.com"}) }
	p := mustPay(t, s, link())
	mustPay(t, s, link()) // the worst case: sold again
	ok(t, s.SetDoubts(sandbox.Doubts{RefuseSecond: true}))
	if _, err := s.Pay(link()); err != sandbox.ErrSubscribed {
		t.Errorf("a third one: %v", err)
	}
	if _, err := s.Upgrade(p.TransactionID, sandbox.BaseLink{}); err != nil {
		t.Errorf("an upgrade is no second purchase: %v", err)
	}
	for _, v := range s.Subscriptions() {
		ok(t, s.CancelNow(v.LastTransactionID))
	}
	mustPay(t, s, link())
}

// Everything that is sold in test mode says so, and nothing else.
func TestTestModeIsAWorldOfItsOwn(t *testing.T) {
	s := open(t, sandbox.Config{})
	test := s.link(t, fields{
		"subscriberId": "ada@example.com", "applicationKey": sandbox.DefaultTestApplicationKey,
	})
	live := s.link(t, fields{"subscriberId": "ada@example.com"})
	renew(t, s, mustPay(t, s, test))
	mustPay(t, s, live)
	mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}), sandbox.InTestMode())
	var got []bool
	for _, p := range s.Payments() {
		got = append(got, p.TestMode)
	}
	if diff := cmp.Diff([]bool{true, true, false, true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDoubtsAboutRenewals(t *testing.T) {
	s, hooks := openWithHooks(t, sandbox.Config{
		Doubts: sandbox.Doubts{ReactiveIsNew: true, TrialEndIsSilent: true},
	})
	p := subscribe(t, s, hooks, sandbox.Trial())
	renew(t, s, p)
	told(t, hooks, "payment trial_to_paid 9.99")
	change(t, s, p, "Cancel") // the older name
	told(t, hooks, "status Cancel passive")
	s.clock.Advance(40 * day)
	back := renew(t, s, p)
	told(t, hooks, "payment reactive 9.99", "status reactivate active")
	list := s.Subscriptions()
	if back.OriginalTransactionID != back.TransactionID || len(list) != 2 ||
		list[0].Status != "passive" || list[1].Status != "active" {
		t.Errorf("back as %+v; %+v", back, list)
	}
	next := renew(t, s, back)
	if next.Status != sandbox.StatusRenewal || next.OriginalTransactionID != back.TransactionID {
		t.Errorf("and then %+v", next)
	}
}
