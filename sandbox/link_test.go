package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestLinkRemembersTheCall(t *testing.T) {
	s := open(t, sandbox.Config{PublicURL: "https://pay.example.com/zotlo/"})
	parameters := map[string]any{"checkout": "c=pro", "mmp": map[string]any{"adid": "7"}}
	url := s.link(t, fields{
		"subscriberId": "905555555555", "packageName": "Gold", "title": "Yours",
		"additionalText": "Hi", "productImage": "https://img.example.com/a.png",
		"customPrice": "19.9", "customCurrency": "EUR",
		"customParameters": parameters,
	})
	got, ok := s.Link(url)
	if !ok {
		t.Fatal("link is unknown")
	}
	want := sandbox.Link{
		URL: "https://pay.example.com/zotlo/pay/" + got.ID, ID: got.ID,
		CheckoutLinkID: "123", SubscriberID: "905555555555", SubscriberIPAddress: "203.0.113.7",
		Language:    "en",
		PackageName: "Gold", AdditionalText: "Hi", ProductImage: "https://img.example.com/a.png",
		CustomPrice: "19.9", CustomCurrency: "EUR", CustomParameters: parameters,
		Fields: map[string]any{
			"checkoutLinkId": "123", "subscriberIpAddress": "203.0.113.7", "language": "en",
			"subscriberId": "905555555555", "packageName": "Gold", "title": "Yours",
			"additionalText": "Hi", "productImage": "https://img.example.com/a.png",
			"customPrice": "19.9", "customCurrency": "EUR",
			"customParameters": parameters,
		},
		Base: sandbox.BaseLink{
			Name: "Checkout link 123", PackageID: "sandbox-package", PackageName: "Pro",
			Price: "9.99", Currency: "USD", PaymentType: sandbox.Subscription,
			Period: "1 month", TrialPeriod: "7 days", TrialPrice: "0.00",
		},
		CreatedAt: noon, ExpiresAt: noon.Add(time.Hour), State: sandbox.Open,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]sandbox.Link{want}, s.Links()); diff != "" {
		t.Error(diff)
	}
	if byID, ok := s.Link(got.ID); !ok || byID.URL != got.URL {
		t.Error("the bare id does not find the link")
	}
}

func TestLinkLivesOneHour(t *testing.T) {
	s := open(t, sandbox.Config{})
	url := s.link(t, nil)

	s.clock.Advance(time.Hour - time.Second)
	status, page, _ := s.get(t, url)
	if status != 200 || !strings.Contains(page, `datetime="PT0M1S"`) ||
		!strings.Contains(page, `data-left="1"`) {
		t.Errorf("one second before the end: %d\n%s", status, page)
	}
	s.clock.Advance(time.Second)
	if status, page, _ = s.get(t, url); status != 410 || !strings.Contains(page, "has expired") {
		t.Errorf("after an hour: %d\n%s", status, page)
	}
	if st := s.state(t, url); st != sandbox.Expired {
		t.Errorf("state %s", st)
	}
	if _, err := s.Pay(url, sandbox.As("ada@example.com")); err != sandbox.ErrExpired {
		t.Errorf("paying it: %v", err)
	}
}
