package zotlo_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// noon is when a shop opens.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

const (
	ada       = "ada+shop@example.com"
	adasOrder = "c=black-friday&r=c2VlZA"
)

// shop is a sandbox behind a real server, a clock, and a client of its API.
type shop struct {
	*sandbox.Sandbox
	*zotlo.Client
	t       testing.TB
	clock   *sandbox.Clock
	project zotlo.Project
}

// openShop opens a shop that sells a subscription (link 1) and a one-time product (link 2).
func openShop(t testing.TB, change ...func(*zotlo.Config)) *shop {
	t.Helper()
	s := &shop{t: t, clock: sandbox.NewClock(noon)}
	s.Sandbox = sandbox.New(sandbox.Config{
		Now: s.clock.Now, PublicURL: "https://pay.example.com", BaseLinks: sandbox.Catalog{
			"1": {PackageID: "pro-monthly", Price: "9.99", Currency: "EUR"},
			"2": {PackageID: "pro-lifetime", Price: "199.00", Currency: "USD", PaymentType: sandbox.Consumable},
		},
	})
	server := httptest.NewServer(s.Sandbox)
	t.Cleanup(server.Close)
	s.project = zotlo.Project{
		AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret,
		ApplicationKey: sandbox.DefaultApplicationKey, ApplicationID: "42", APIURL: server.URL,
	}
	s.Client = s.client(change...)
	return s
}

// client makes another client of the shop's project.
func (s *shop) client(change ...func(*zotlo.Config)) *zotlo.Client {
	s.t.Helper()
	cfg := zotlo.Config{Project: s.project}
	for _, c := range change {
		c(&cfg)
	}
	c, err := zotlo.NewClient(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// doubt answers what nobody knows in another way.
func (s *shop) doubt(d sandbox.Doubts) {
	s.t.Helper()
	if err := s.SetDoubts(d); err != nil {
		s.t.Fatal(err)
	}
}

// sell makes a link and pays it.
func (s *shop) sell(linkID string, opts ...sandbox.PayOption) sandbox.Payment {
	s.t.Helper()
	link, err := s.OneLink(context.Background(), zotlo.LinkRequest{
		LinkID: linkID, Subscriber: ada, Checkout: adasOrder, IP: netip.MustParseAddr("203.0.113.7"),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.must(s.Pay(link.URL, opts...))
}

func (s *shop) must(p sandbox.Payment, err error) sandbox.Payment {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// all reads an export to its end.
func (s *shop) all(x *zotlo.Export) []zotlo.Record {
	s.t.Helper()
	var records []zotlo.Record
	for r, err := range x.Records(s.t.Context()) {
		if err != nil {
			s.t.Fatalf("after %d records: %v", len(records), err)
		}
		records = append(records, r)
	}
	return records
}

// week is a range of days around noon.
func week() (from, to time.Time) { return noon.AddDate(0, 0, -3), noon.AddDate(0, 0, 3) }

// transactionIDs are the ids of records, sorted.
func transactionIDs(records []zotlo.Record) (ids []string) {
	for _, r := range records {
		ids = append(ids, r.TransactionID)
	}
	slices.Sort(ids)
	return ids
}

// roundTrip answers requests without a network.
type roundTrip func(r *http.Request) (body string)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(f(r))), Request: r,
	}, nil
}
