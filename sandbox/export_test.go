package sandbox_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// cursors are those of one page. next is nil where it is null; it lacks a place
// where it is missing.
type cursors map[string]*string

// page reads one page of an export of payments or refunds.
func (s *harness) page(t *testing.T, path string, query ...string) ([]string, cursors) {
	t.Helper()
	out := s.read(t, path, query...)
	var result struct {
		Data []struct {
			TransactionID string `json:"transactionId"`
		} `json:"data"`
		Paging struct {
			Cursors cursors `json:"cursors"`
		} `json:"paging"`
	}
	if err := json.Unmarshal(out.Result, &result); out.status != 200 || err != nil {
		t.Fatalf("%v: %d %s, %v", query, out.status, out.raw, err)
	}
	if result.Data == nil {
		t.Errorf("%v: no data in %s", query, out.raw)
	}
	ids := make([]string, 0, len(result.Data))
	for _, r := range result.Data {
		ids = append(ids, r.TransactionID)
	}
	return ids, result.Paging.Cursors
}

// sold makes n payments, an hour apart, and returns their ids, oldest first.
func sold(t *testing.T, s *harness, n int) []string {
	t.Helper()
	var ids []string
	for range n {
		p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
		ids = append(ids, p.TransactionID)
		s.clock.Advance(time.Hour)
	}
	return ids
}

// reversed is a copy the other way round.
func reversed(list []string) []string {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

const payments = sandbox.PaymentsExportPath

func TestPagesOfAnExport(t *testing.T) {
	for _, oldest := range []bool{false, true} {
		s := open(t, sandbox.Config{Doubts: sandbox.Doubts{ExportOldestFirst: oldest}})
		want := sold(t, s, 7)
		if !oldest {
			want = reversed(want)
		}
		var got []string
		var pages []cursors
		query := []string{"limit", "3", "package_id", "sandbox-package"}
		ids, c := s.page(t, payments, query...)
		for len(pages) < 5 {
			got, pages = append(got, ids...), append(pages, c)
			if c["next"] == nil {
				break
			}
			ids, c = s.page(t, payments, append(query, "after", *c["next"])...)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(pages) != 3 {
			t.Errorf("oldest first %t: %d pages, %s", oldest, len(pages), diff)
		}
		if pages[0]["previous"] != nil {
			t.Error("something is before the first page")
		}
		back, c := s.page(t, payments, append(query, "before", *pages[2]["previous"])...)
		if diff := cmp.Diff(want[3:6], back); diff != "" {
			t.Errorf("oldest first %t, back: %s", oldest, diff)
		}
		again, _ := s.page(t, payments, append(query, "after", *c["next"])...)
		if diff := cmp.Diff(want[6:], again); diff != "" {
			t.Errorf("oldest first %t, and forth: %s", oldest, diff)
		}
	}
}

func TestCursorHoldsForItsFiltersAlone(t *testing.T) {
	s := open(t, sandbox.Config{})
	sold(t, s, 2)
	_, c := s.page(t, payments, "limit", "1", "start_date", "2026-03-01")
	for _, query := range [][]string{
		{}, {"start_date", "2026-03-02"}, {"start_date", "2026-03-01", "country", "US"},
	} {
		out := s.read(t, payments, append(query, "after", *c["next"])...)
		refused(t, out, 400, sandbox.CodeInventedQuery)
	}
	ids, _ := s.page(t, payments, "start_date", "2026-03-01", "after", *c["next"])
	if len(ids) != 1 {
		t.Errorf("with its own filters and another limit: %q", ids)
	}
}

func TestEndOfAnExport(t *testing.T) {
	for end, want := range map[string]string{
		"": "null", "null": "null", "empty": `""`, "missing": "", "repeated": "the same",
		"empty_page": "another",
	} {
		s := open(t, sandbox.Config{Doubts: sandbox.Doubts{ExportEnd: end}})
		sold(t, s, 2)
		_, first := s.page(t, payments, "limit", "1")
		ids, last := s.page(t, payments, "limit", "1", "after", *first["next"])
		next, there := last["next"]
		got := "another"
		switch {
		case len(ids) != 1:
			t.Errorf("%s: the last page has %d", end, len(ids))
		case !there:
			got = ""
		case next == nil:
			got = "null"
		case *next == "":
			got = `""`
		case *next == *first["next"]:
			got = "the same"
		}
		if got != want {
			t.Errorf("%q: the last page's next is %s, want %s", end, got, want)
		}
		if got == "another" {
			if ids, c := s.page(t, payments, "limit", "1", "after", *next); len(ids) != 0 ||
				c["next"] != nil {
				t.Errorf("the empty page: %q, %v", ids, c)
			}
		}
	}
}

func TestSalesBetweenTwoPages(t *testing.T) {
	for _, moves := range []bool{false, true} {
		s := open(t, sandbox.Config{Doubts: sandbox.Doubts{ExportMoves: moves}})
		want := reversed(sold(t, s, 4))
		one, c := s.page(t, payments, "limit", "2")
		sold(t, s, 1)
		two, c := s.page(t, payments, "limit", "2", "after", *c["next"])
		expect := want
		if moves {
			expect = []string{want[0], want[1], want[1], want[2]} // one comes twice
		}
		if diff := cmp.Diff(expect, append(one, two...)); diff != "" {
			t.Errorf("moving %t: %s", moves, diff)
		}
		if moves != (c["next"] != nil) {
			t.Errorf("moving %t: the next page is %v", moves, c["next"])
		}
	}
}

func TestDaysOfAnExport(t *testing.T) {
	s := open(t, sandbox.Config{})
	s.clock.Advance(10 * time.Hour) // 22:00 on the 14th of March
	ids := sold(t, s, 4)            // two on each day
	tests := []struct {
		zone  int
		query []string
		want  []string // oldest first
	}{
		{0, nil, ids},
		{0, []string{"start_date", "2026-03-15"}, ids[2:]},
		{0, []string{"end_date", "2026-03-14"}, ids[:2]},
		{0, []string{"start_date", "2026-03-14", "end_date", "2026-03-15"}, ids},
		{0, []string{"start_date", "2026-03-16"}, nil},
		{3, []string{"start_date", "2026-03-15"}, ids},
		{-2, []string{"end_date", "2026-03-14"}, ids},
		{0, []string{"package_id", "sandbox-package", "country", "US"}, ids},
		{0, []string{"package_id", "other"}, nil},
		{0, []string{"country", "UK"}, nil},
		{0, []string{"isSandbox", "true"}, ids}, // no parameter of an export
	}
	for _, tt := range tests {
		ok(t, s.SetDoubts(sandbox.Doubts{ExportZone: tt.zone, ExportOldestFirst: true}))
		got, _ := s.page(t, payments, tt.query...)
		if diff := cmp.Diff(append([]string{}, tt.want...), got); diff != "" {
			t.Errorf("%+v: %s", tt, diff)
		}
	}
}

// A refund is listed by its own day, and the payment by that of the sale.
func TestRefundsHaveDaysOfTheirOwn(t *testing.T) {
	s := open(t, sandbox.Config{})
	p := mustPay(t, s, s.link(t, fields{"subscriberId": "ada@example.com"}))
	s.clock.Advance(5 * day)
	refundPart(t, s, p, "1.00")
	ids, _ := s.page(t, sandbox.RefundsExportPath, "start_date", "2026-03-19")
	if diff := cmp.Diff([]string{p.TransactionID}, ids); diff != "" {
		t.Error(diff)
	}
	if ids, _ := s.page(t, payments, "start_date", "2026-03-19"); len(ids) != 0 {
		t.Errorf("the payment is listed by the refund's day: %q", ids)
	}
}

// Twenty-five is a page where nobody says how large it is to be.
func TestLimitOfAnExport(t *testing.T) {
	s := open(t, sandbox.Config{})
	sold(t, s, 26)
	for limit, want := range map[string]int{"": 25, "1": 1, "100": 26} {
		query := []string{"limit", limit}
		if limit == "" {
			query = nil
		}
		if ids, _ := s.page(t, payments, query...); len(ids) != want {
			t.Errorf("limit %q: %d records", limit, len(ids))
		}
	}
}
