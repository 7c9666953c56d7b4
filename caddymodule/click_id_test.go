package caddymodule_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestALongClickIDIsToldApartFromAnAbsentOne: both are counted as dropped, but only the long one is
// somebody's loss, and a warning says of which parameter and why.
func TestALongClickIDIsToldApartFromAnAbsentOne(t *testing.T) {
	o := openServer(t, serverWith(`		campaign ads {
			link_id 1
			package_name "For {query.name}"
			custom_parameter ttclid {query.ttclid}
			mmp adjust_id {header.X-Adjust}
		}`, "checkout_link /u ads\n\tmetrics /metrics"))
	ann := fresh(t, "ann")
	click := func(query string, more ...func(*request)) {
		t.Helper()
		res, _ := o.click("/u?name=Ann&"+query, append(more, ann)...)
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%.40s: status %d", query, res.StatusCode)
		}
	}
	const warning = "an override was left out"
	adjust := header("X-Adjust", "abc")

	click("", adjust) // as most visitors come
	click("ttclid="+strings.Repeat("A", 256), adjust)
	o.warns(0, warning)

	for range 3 {
		click("ttclid="+strings.Repeat("A", 257), adjust)
	}
	o.warns(1, warning, `"level":"warn"`, `"campaign":"ads"`,
		"custom_parameter ttclid: must be at most 256 characters")
	o.warns(0, strings.Repeat("A", 200)+`"`) // a click id is personal data

	click("ttclid=A", header("X-Adjust", strings.Repeat("B", 257)))
	o.warns(1, "mmp adjust_id: must be at most 256 characters")
	o.warns(2, warning)

	_, metrics := o.click("/metrics")
	for _, want := range []string{
		`overrides_dropped_total{campaign="ads",override="custom_parameter"} 4`,
		`overrides_dropped_total{campaign="ads",override="mmp"} 1`,
	} {
		if !strings.Contains(string(metrics), want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
}

// TestAPageSaysWhyATextIsLeftOut: checkout_offer decides as checkout_link does, and tells as much.
func TestAPageSaysWhyATextIsLeftOut(t *testing.T) {
	o := openServer(t, serverWith(`		campaign ads {
			link_id 1
			language {query.lang}
		}`, "checkout_offer /open ads\n\trespond /open ok"))
	o.click("/open?lang=fr", fresh(t, "ann"))
	o.warns(1, "an override was left out", `"campaign":"ads"`, `"cause":"language: `)
}
