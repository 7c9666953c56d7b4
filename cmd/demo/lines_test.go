package main

import (
	"slices"
	"strings"
	"testing"
)

func TestLinesAreThoseOfTheCaddyfile(t *testing.T) {
	l := readLines(string(caddyfileText))
	for _, tc := range []struct {
		path, campaign string
		wants          []string // how the excerpts begin
		campaigns      []string // that the route names
	}{
		{
			"/checkout/plus", "plus",
			[]string{"checkout_link /checkout/plus ", "campaign plus {"},
			[]string{"plus-tr", "plus"},
		},
		{"/checkout/forever", "forever-thanks", []string{
			"checkout_link /checkout/forever ",
			"campaign forever-thanks {",
		}, []string{"forever-thanks", "forever"}},
		{
			"/ref/robin/get", "partner",
			[]string{"checkout_link /ref/*/get ", "campaign partner {"},
			[]string{"partner"},
		},
		{
			"/invoices/1/pay", "invoice",
			[]string{"handle /invoices/*/pay {", "campaign invoice {"},
			nil,
		},
		{"/elsewhere", "", nil, nil},
	} {
		list := l.responsible(tc.path, tc.campaign)
		if len(list) != len(tc.wants) {
			t.Errorf("%s: %d excerpts, want %d", tc.path, len(list), len(tc.wants))
			continue
		}
		for i, want := range tc.wants {
			text := list[i].Text
			if !strings.HasPrefix(text, want) || !strings.HasSuffix(text, "\n}") ||
				strings.Count(text, "{") != strings.Count(text, "}") {
				t.Errorf("%s: excerpt %d is\n%s", tc.path, i, text)
			}
			if got := strings.TrimSpace(l.Text[list[i].First-1]); !strings.HasPrefix(got, want) {
				t.Errorf("%s: line %d is %q", tc.path, list[i].First, got)
			}
		}
		if got := l.campaignsOf(tc.path); !slices.Equal(tc.campaigns, got) {
			t.Errorf("%s: campaigns %q, want %q", tc.path, got, tc.campaigns)
		}
	}
}
