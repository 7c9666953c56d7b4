package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// What is paid for lasts as long as the base link says, and the page says it too.
func TestPeriods(t *testing.T) {
	for text, want := range map[string]struct {
		end  time.Time
		page string
	}{
		"":          {noon.AddDate(0, 1, 0), "per month, until cancelled"},
		"sometimes": {noon.AddDate(0, 1, 0), "per month, until cancelled"},
		"0 days":    {noon.AddDate(0, 1, 0), "per month, until cancelled"},
		"day":       {noon.AddDate(0, 0, 1), "per day, until cancelled"},
		"2 weeks":   {noon.AddDate(0, 0, 14), "every 2 weeks, until cancelled"},
		"1 months":  {noon.AddDate(0, 1, 0), "per month, until cancelled"},
		"3 months":  {noon.AddDate(0, 3, 0), "every 3 months, until cancelled"},
		"1 year":    {noon.AddDate(1, 0, 0), "per year, until cancelled"},
	} {
		s := open(t, sandbox.Config{BaseLinks: sandbox.Catalog{"123": {Period: text}}})
		link := s.link(t, fields{"subscriberId": "ada@example.com"})
		if _, page, _ := s.get(t, link); !strings.Contains(page, want.page) {
			t.Errorf("%q: the page does not say %s", text, want.page)
		}
		if p := mustPay(t, s, link); !p.ExpiresAt.Equal(want.end) {
			t.Errorf("%q ends %s, want %s", text, p.ExpiresAt, want.end)
		}
	}
}
