package main

import (
	"strings"
	"testing"
	"time"
)

// TestBothVariantsHavePeople: everybody who can buy clicks, and the page tells of them.
func TestBothVariantsHavePeople(t *testing.T) {
	d := open(t, false)
	prices := make(map[string]int)
	counted := 0
	for _, p := range people {
		if p.Doubt || p.Plan != planFree {
			continue
		}
		s := arrive(t, d)
		s.signIn(p.ID)
		link, ok := d.sandbox.Link(s.hit("/checkout/forever"))
		if !ok {
			t.Fatal("the sandbox does not know the link")
		}
		prices[link.CustomPrice]++
		counted++
	}
	if prices["89.00"] < 2 || prices["69.00"] < 2 {
		t.Errorf("people see %v, want two of each price at least", prices)
	}
	s := arrive(t, d)
	page := ""
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if page = s.get("/experiment").body; strings.Contains(page, "5 people") {
			break
		}
	}
	for _, want := range []string{
		"forever-price", "5 people", "<th scope=\"row\">control</th><td>3</td>",
		"<th scope=\"row\">cheaper</th><td>2</td>", "too early",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if counted != 5 {
		t.Errorf("%d people can take part; the page is checked for 5", counted)
	}
}
