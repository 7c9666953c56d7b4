package zotlo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// exportDoubts are the ways in which an export may look and end.
var exportDoubts = map[string]sandbox.Doubts{
	"as published":  {},
	"snake case":    {ExportSnakeCase: true},
	"other types":   {OtherTypes: true},
	"both":          {ExportSnakeCase: true, OtherTypes: true},
	"oldest first":  {ExportOldestFirst: true},
	"ends empty":    {ExportEnd: "empty"},
	"ends missing":  {ExportEnd: "missing"},
	"ends repeated": {ExportEnd: "repeated"},
	"ends in vain":  {ExportEnd: "empty_page"},
	"counting":      {ExportMoves: true},
	"another zone":  {ExportZone: 14},
	"west of it":    {ExportZone: -12},
	"required":      {WorldRequired: true, ApplicationIDRequired: true, LogIsArray: true},
}

func TestExportsHaveAllPages(t *testing.T) {
	for name, d := range exportDoubts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			s.doubt(d)
			var sold, began []string
			for i := range 105 {
				p := s.sell([]string{"1", "2"}[i%2])
				sold = append(sold, p.TransactionID)
				if i%2 == 0 {
					began = append(began, p.TransactionID)
				}
				s.must(s.Refund(p.TransactionID))
				s.clock.Advance(time.Second)
			}
			slices.Sort(sold)
			slices.Sort(began)
			from, to := week()
			for _, want := range []struct {
				x   *zotlo.Export
				ids []string
			}{{s.Payments(from, to), sold}, {s.Refunds(from, to), sold}, {s.Subscriptions(from, to), began}} {
				records := s.all(want.x)
				if diff := cmp.Diff(want.ids, transactionIDs(records)); diff != "" {
					t.Error(diff)
				}
				pages := (len(want.ids) + 99) / 100
				if d.ExportEnd == "empty_page" {
					pages++
				}
				if want.x.Pages() != pages || want.x.Unread() != 0 {
					t.Errorf("%d pages, %d unread", want.x.Pages(), want.x.Unread())
				}
			}
		})
	}
}

func TestWhatAPageIsAskedFor(t *testing.T) {
	s := openShop(t)
	for range 101 {
		s.sell("2")
	}
	day := time.Date(2026, 3, 14, 23, 30, 0, 0, time.FixedZone("", -3*60*60)) // the 15th in UTC
	s.all(s.Payments(day, day))
	s.all(s.Payments(time.Time{}, time.Time{}))
	var got []string
	for _, r := range s.Reads().Requests() {
		u, err := url.Parse(r.URL)
		if err != nil || r.Header["Applicationid"][0] != "42" || r.Header.Get("Language") != "en" {
			t.Fatalf("%s with %v, %v", r.URL, r.Header, err)
		}
		q := u.Query()
		got = append(got, strings.Join([]string{
			u.Path, q.Get("start_date"), q.Get("end_date"), q.Get("limit"), fmt.Sprint(q.Has("after")), fmt.Sprint(len(q)),
		}, " "))
	}
	want := []string{
		sandbox.PaymentsExportPath + " 2026-03-14 2026-03-16 100 false 3",
		sandbox.PaymentsExportPath + " 2026-03-14 2026-03-16 100 true 4",
		sandbox.PaymentsExportPath + "   100 false 1",
		sandbox.PaymentsExportPath + "   100 true 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestARecordOfAPayment(t *testing.T) {
	for _, d := range []sandbox.Doubts{{}, {ExportSnakeCase: true}, {OtherTypes: true}} {
		s := openShop(t)
		s.doubt(d)
		p := s.sell("1", sandbox.Quantity(3))
		s.clock.Advance(time.Hour)
		s.must(s.RefundPart(p.TransactionID, "2.50"))
		got := s.all(s.Payments(week()))[0]
		want := zotlo.Record{ID: got.ID, Event: zotlo.Event{
			Kind: "payment", Type: "start_paid", Status: "start_paid",
			TransactionID: p.TransactionID, OriginalID: p.TransactionID, SubscriberID: ada,
			PaymentType: "subscription", Price: p.Price, Currency: "EUR", PackageID: "pro-monthly",
			SubscriptionID: got.SubscriptionID, RefundPrice: got.RefundPrice, RefundsKnown: true, Refunded: true,
			CreatedAt: noon, PurchasedAt: noon, ExpiresAt: noon.AddDate(0, 1, 0), Quantity: 3,
		}}
		if diff := cmp.Diff(want, got); diff != "" || got.ID == "" || got.SubscriptionID == "" {
			t.Errorf("%+v: %s", d, diff)
		}
		if got.RefundPrice != "2.50" && got.RefundPrice != "2.5" {
			t.Errorf("%q was given back", got.RefundPrice)
		}
	}
}

func TestRecordsOfRefunds(t *testing.T) {
	for _, d := range []sandbox.Doubts{{}, {RefundIsSum: true}, {ExportSnakeCase: true, OtherTypes: true, RefundIsSum: true}} {
		s := openShop(t)
		s.doubt(d)
		p := s.sell("2")
		s.clock.Advance(time.Hour)
		s.must(s.RefundPart(p.TransactionID, "99.25"))
		s.must(s.ChargeBack(p.TransactionID))
		records := s.all(s.Refunds(week()))
		if len(records) != 2 || records[0].ID == records[1].ID {
			t.Fatalf("%+v", records)
		}
		rest := map[bool]string{false: "99.75", true: "199.00"}[d.RefundIsSum]
		for _, r := range records {
			price := map[bool]string{false: "99.25", true: rest}[r.Chargeback]
			if strings.TrimRight(r.RefundPrice, ".0") != strings.TrimRight(price, ".0") || r.Kind != "refund" ||
				r.TransactionID != p.TransactionID || !r.RefundedAt.Equal(noon.Add(time.Hour)) ||
				!r.PurchasedAt.Equal(noon) || r.Quantity != 1 || r.Type != "consumable" || r.Currency != "USD" {
				t.Errorf("%+v: %+v, want %s", d, r, price)
			}
		}
	}
}

func TestRecordsOfSubscriptions(t *testing.T) {
	for _, d := range []sandbox.Doubts{{}, {ExportSnakeCase: true}, {OtherTypes: true}} {
		s := openShop(t)
		s.doubt(d)
		running, cancelled, frozen := s.sell("1"), s.sell("1"), s.sell("1")
		s.clock.Advance(time.Hour)
		if err := errors.Join(s.Cancel(cancelled.TransactionID), s.Pause(frozen.TransactionID, noon.AddDate(0, 0, 9))); err != nil {
			t.Fatal(err)
		}
		end := noon.AddDate(0, 1, 0)
		want := map[string]zotlo.Subscription{
			running.TransactionID:   {Status: "active", RealStatus: "active", ExpiresAt: end},
			cancelled.TransactionID: {Status: "active", RealStatus: "passive", ExpiresAt: end},
			frozen.TransactionID:    {Status: "active", RealStatus: "active", FrozenUntil: noon.AddDate(0, 0, 9)},
		}
		records := s.all(s.Subscriptions(week()))
		if len(records) != len(want) {
			t.Fatalf("%d records", len(records))
		}
		for _, r := range records {
			state := want[r.OriginalID]
			if state.ExpiresAt.IsZero() { // a pause may move it
				state.ExpiresAt = r.Subscription.ExpiresAt
			}
			if diff := cmp.Diff(state, r.Subscription); diff != "" {
				t.Errorf("%+v: %s", d, diff)
			}
			asOf := noon
			if r.OriginalID == cancelled.TransactionID {
				asOf = noon.Add(time.Hour)
			}
			if r.Kind != "status" || r.SubscriberID != ada || r.PackageID != "pro-monthly" || r.SubscriptionID == "" ||
				!r.StartedAt.Equal(noon) || r.TransactionID != r.OriginalID || !r.AsOf(s.clock.Now()).Equal(asOf) {
				t.Errorf("%+v: %+v as of %s", d, r, r.AsOf(s.clock.Now()))
			}
		}
	}
}

// Which world an export lists is not known; what it lists is read.
func TestExportsOfOtherWorlds(t *testing.T) {
	s := openShop(t)
	live, test := s.sell("2").TransactionID, s.sell("2", sandbox.InTestMode()).TransactionID
	both := []string{live, test}
	slices.Sort(both)
	for world, want := range map[string][]string{"live": {live}, "test": {test}, "both": both} {
		s.doubt(sandbox.Doubts{ExportWorld: world})
		if diff := cmp.Diff(want, transactionIDs(s.all(s.Payments(week())))); diff != "" {
			t.Errorf("%s: %s", world, diff)
		}
	}
	s.doubt(sandbox.Doubts{ExportAfter: sandbox.Span(time.Hour)})
	if records := s.all(s.Payments(week())); len(records) != 0 {
		t.Errorf("too young to be listed: %+v", records)
	}
}

// A sale between two pages may move records from one to the next, or end the first.
func TestASaleBetweenPages(t *testing.T) {
	s := openShop(t)
	s.doubt(sandbox.Doubts{ExportMoves: true})
	var sold []string
	for range 150 {
		sold = append(sold, s.sell("2").TransactionID)
	}
	seen := make(map[string]int)
	for r, err := range s.Payments(week()).Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) == 0 {
			s.sell("2")
		}
		seen[r.TransactionID]++
	}
	for _, id := range sold {
		if seen[id] == 0 {
			t.Errorf("%s is missing", id)
		}
	}
}

// fixed answers exports with these pages, one after the other and then the last one again.
func fixed(s *shop, pages ...string) *zotlo.Export {
	s.Reads().Heal()
	for _, body := range pages[:len(pages)-1] {
		s.Reads().FailNext(1, sandbox.Custom(http.StatusOK, nil, body))
	}
	s.Reads().Fail(sandbox.Custom(http.StatusOK, nil, pages[len(pages)-1]))
	return s.Payments(week())
}

// drain reads an export, and describes it.
func drain(t *testing.T, x *zotlo.Export) string {
	t.Helper()
	var ids []string
	for r, err := range x.Records(t.Context()) {
		var e *zotlo.Error
		switch {
		case err == nil:
			ids = append(ids, r.TransactionID)
		case errors.As(err, &e):
			ids = append(ids, "!"+e.Result)
		default:
			t.Errorf("a foreign error: %v", err)
		}
	}
	return fmt.Sprintf("%s pages=%d unread=%d", strings.Join(ids, ","), x.Pages(), x.Unread())
}

func TestPagesThatLookOtherwise(t *testing.T) {
	s := openShop(t)
	paged := func(data, next string) string {
		return `{"result":{"data":` + data + `,"paging":{"cursors":{"previous":"p","next":` + next + `}}}}`
	}
	one, two := `[{"transactionId":"T-1"}]`, `[{"transaction_id":"T-2"}]`
	long := `"` + strings.Repeat("x", 5000) + `"`
	for _, c := range []struct {
		want  string
		pages []string
	}{
		{"T-1,T-2 pages=2 unread=0", []string{paged(one, `"a"`), paged(two, `null`)}},
		{"T-1,T-2 pages=2 unread=0", []string{paged(one, `17`), paged(two, `""`)}},
		{"T-1,T-2 pages=2 unread=0", []string{paged(one, `"a"`), paged(two, `false`)}},
		{"T-1,T-2 pages=2 unread=0", []string{paged(one, `"a"`), paged(two, `"a"`)}},
		{"T-1,T-2,T-1 pages=3 unread=0", []string{paged(one, `"a"`), paged(two, `"b"`), paged(one, `"a"`)}},
		{"T-1 pages=2 unread=0", []string{paged(one, `"a"`), paged(`[]`, `"b"`)}},
		{"T-1 pages=2 unread=0", []string{paged(one, `"a"`), paged(`null`, `"b"`)}},
		{"T-1 pages=2 unread=0", []string{paged(one, `"a"`), paged(`{}`, `"b"`)}},
		{"T-1 pages=1 unread=0", []string{`{"result":{"data":` + one + `}}`}},
		{"T-1 pages=1 unread=0", []string{`{"result":{"data":` + one + `,"paging":[]}}`}},
		{"T-2,T-1 pages=1 unread=0", []string{paged(`{"2":{"id":"T-2"},"10":{"id":"T-1"}}`, `null`)}},
		{"T-1 pages=1 unread=3", []string{paged(`[7,{"transactionId":"T-1"},null,{"price":"1"}]`, `null`)}},
		{" pages=1 unread=0", []string{`{"result":[]}`}},
		{"!bad_answer pages=0 unread=0", []string{paged(`[7,{"price":"1"},{"transactionId":{}}]`, `null`)}},
		{"!bad_answer pages=0 unread=0", []string{paged(`"none"`, `null`)}},
		{"!bad_answer pages=0 unread=0", []string{paged(`{"items":[]}`, `null`)}},
		{"!bad_answer pages=0 unread=0", []string{`{"result":null}`}},
		{"!bad_answer pages=0 unread=0", []string{`{"result":{"rows":[]}}`}},
		{"!bad_answer pages=0 unread=0", []string{`{"result":{}}`}},
		{"!bad_answer pages=0 unread=0", []string{`{"data":` + one + `}`}},
		{"!bad_answer pages=0 unread=0", []string{`<html>`}},
		{"!bad_answer pages=0 unread=0", []string{paged(one, `{"cursor":"a"}`)}},
		{"!bad_answer pages=0 unread=0", []string{paged(one, long)}},
		{"T-1,!bad_answer pages=1 unread=0", []string{paged(one, `"a"`), `{"result":{"data":0}}`}},
		{"T-1,!refused pages=1 unread=0", []string{paged(one, `"a"`), `{"meta":{"errorCode":400995},"result":[]}`}},
	} {
		if got := drain(t, fixed(s, c.pages...)); got != c.want {
			t.Errorf("%s, want %s\n%.200q", got, c.want, c.pages)
		}
	}
}

func TestAnExportBeginsAgain(t *testing.T) {
	s := openShop(t)
	id := s.sell("2").TransactionID
	x := s.Payments(week())
	for range 2 {
		if got, want := drain(t, x), id+" pages=1 unread=0"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for r := range x.Records(t.Context()) {
		if r.TransactionID == id {
			break
		}
	}
	if from, to := week(); drain(t, s.Payments(to, from)) != "!refused pages=0 unread=0" {
		t.Error("a range that ends before it begins")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range x.Records(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// A page may be longer than a link's answer, and yet not endless; nor may the pages be.
func TestExportsAreBounded(t *testing.T) {
	s := openShop(t)
	page := func(bytes int) string {
		return `{"result":{"data":[{"transactionId":"T-1","x":"` + strings.Repeat("x", bytes) + `"}]}}`
	}
	if got := drain(t, fixed(s, page(4<<20-100))); got != "T-1 pages=1 unread=0" {
		t.Error(got)
	}
	if got := drain(t, fixed(s, page(4<<20))); got != "!bad_answer pages=0 unread=0" {
		t.Error(got)
	}
	x, n := endless(s), 0
	for r, err := range x.Records(t.Context()) {
		var e *zotlo.Error
		if err != nil && (!errors.As(err, &e) || e.Result != zotlo.ResultBadAnswer || r.TransactionID != "") {
			t.Error(err)
		}
		n++
	}
	if x.Pages() != 10_000 || n != 10_001 {
		t.Errorf("%d pages, %d records and errors", x.Pages(), n)
	}
}

// endless exports pages without end, through no network.
func endless(s *shop) *zotlo.Export {
	n := 0
	return s.client(func(c *zotlo.Config) {
		c.Transport = roundTrip(func(r *http.Request) string {
			n++
			return fmt.Sprintf(`{"result":{"data":[{"transactionId":"T-%d"}],"paging":{"cursors":{"next":"%d"}}}}`, n, n)
		})
	}).Payments(week())
}
