package eventname_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/eventname"
)

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 64)
	for name, want := range map[string]struct{ campaign, backend bool }{
		"cart":                     {true, true},
		"cart_2_left":              {true, true},
		long:                       {true, true},
		long + "a":                 {},
		"":                         {},
		"Cart":                     {},
		"2cart":                    {},
		"_cart":                    {},
		"cart-left":                {},
		"shop.cart":                {},
		"café":                     {},
		"zotlo":                    {true, true},
		"zotlo.cancel":             {campaign: true},
		"zotlo.cancelled":          {},
		"zotlo.":                   {},
		"zotlo.Cancel":             {},
		strings.Repeat("é", 1<<16): {},
	} {
		for what, check := range map[string]func(string) error{
			"campaign": eventname.Check, "backend": eventname.CheckBackend,
		} {
			good := want.campaign
			if what == "backend" {
				good = want.backend
			}
			err := check(name)
			if (err == nil) != good {
				t.Errorf("a %s names %.20q: %v", what, name, err)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		}
	}
}

func TestValues(t *testing.T) {
	if err := eventname.CheckValue("total_2"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "Total", "total.net", "zotlo.x", strings.Repeat("a", 65)} {
		if eventname.CheckValue(name) == nil {
			t.Errorf("%q is the name of a value", name)
		}
	}
}

// TestZotlo: the list is the caller's to change, and every one of them is Zotlo's.
func TestZotlo(t *testing.T) {
	names := eventname.Zotlo()
	if !slices.IsSorted(names) || len(names) != 7 {
		t.Errorf("Zotlo's are %q", names)
	}
	for _, name := range names {
		if !eventname.IsZotlo(name) || eventname.Check(name) != nil {
			t.Errorf("%s is not Zotlo's", name)
		}
	}
	names[0] = "mine"
	if eventname.Zotlo()[0] == "mine" {
		t.Error("the list is shared")
	}
}
