package campaign

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExplainSaysWhy(t *testing.T) {
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	late := load(t, Config{Name: "late", From: at.Add(time.Hour)})
	over := load(t, Config{Name: "over", Until: at})
	dead := load(t, Config{Name: "dead", Off: true})
	picky := load(t, Config{Name: "picky"})
	pro := load(t, Config{Experiment: weights("50%", "50%")})
	spare := load(t, Config{Name: "spare"})
	v := shopper{at: at, subscriber: "ada@example.com", match: func(index int) (bool, error) { return index != 3, nil }}

	d, err := explain([]*Campaign{late, over, dead, picky, pro, spare}, v, "")
	want := []Step{
		{"late", "scheduled", "from 2026-11-27T01:00:00Z"},
		{"over", "ended", "until 2026-11-27T00:00:00Z"},
		{"dead", "off", ""},
		{"picky", "no match", ""},
		{"pro", "chosen", ""},
		{"spare", "not reached", ""},
	}
	if diff := cmp.Diff(want, d.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if err != nil || d.Index != 4 || d.Offer.Campaign != pro || d.Offer.Bucket != bucket("e", "ada@example.com") {
		t.Errorf("decision %+v, error %v", d, err)
	}
}

func TestExplainFailures(t *testing.T) {
	a := load(t, Config{Name: "a"})
	if d, err := explain(nil, shopper{}, ""); err != ErrNone || d.Steps != nil || d.Index != -1 {
		t.Errorf("no campaigns: %+v, %v", d, err)
	}
	const want = `campaign a has no variant "control"`
	if d, err := explain([]*Campaign{a}, shopper{}, "control"); d.Offer != nil || err == nil || err.Error() != want {
		t.Errorf("a variant that is not there: %+v, %v", d, err)
	}
}

func TestExplainSaysWhatIsLeftOut(t *testing.T) {
	c := sells(t, Overrides{
		PackageName: "{a}", ProductImage: "{b}", Fields: map[string]string{"quantity": "{c}"},
		CustomParameters: map[string]string{"long": "{d}", "short": "{e}", "x.y": "{f}", "z": "{f}", "zz": "{f}", "zzz": "{f}", "zzzz": "{f}"},
	})
	four := strings.Repeat("😀", 128) // 512 bytes
	v := sends("a", "<>", "b", "ftp://secret.example.com", "c", "2", "d", strings.Repeat("s3cret", 50), "e", "fits", "f", four)
	v.distrust = "c"
	want := []string{
		"package_name: placeholder {a} has no usable value",
		"product_image: " + errImage.Error(),
		"field quantity: placeholder {c} is not trusted here",
		"custom_parameter long: must be at most 256 characters",
		"custom_parameter zzz: no room: parameters are limited to 2 KiB in all",
		"custom_parameter zzzz: no room: parameters are limited to 2 KiB in all",
	}
	d, err := explain([]*Campaign{c}, v, "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, d.Dropped); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

// TestExplainAgreesWithDecide: but for the bucket, both say the same of every kind of user.
func TestExplainAgreesWithDecide(t *testing.T) {
	e := fifty(Overrides{}, Overrides{OneTimePrice: &Price{Amount: "{x}", Currency: "EUR", Min: "1", Max: "9"}})
	e.Coverage = "70%"
	list := []*Campaign{load(t, Config{Experiment: e})}
	users := []shopper{{}, sends("x", "5"), sends("x", "-5")}
	for _, id := range ids(300) {
		v := sends("x", "5")
		v.claims = claims{"sub": id}
		users = append(users, user(id), v)
	}
	kinds := make(map[string]int)
	for _, v := range users {
		offer, err := decide(list, v)
		trace, explained := explain(list, v, "")
		if err != nil {
			kinds["bad"]++
			if trace.Offer != nil || explained == nil || explained.Error() != err.Error() {
				t.Fatalf("Decide says %v, Explain %+v, %v", err, trace, explained)
			}
			continue
		}
		kinds[offer.Reason+offer.Variant]++
		if trace.Offer == offer {
			t.Fatal("Explain changed a shared offer")
		}
		trace.Offer.Bucket = -1
		if diff := cmp.Diff(offer, trace.Offer, cmp.Comparer(func(a, b *Campaign) bool { return a == b })); diff != "" {
			t.Fatalf("offers (-Decide +Explain):\n%s", diff)
		}
	}
	for _, kind := range []string{
		"bad", "SPLITcontrol", "SPLITother", "DISABLED", "DEFAULTcontrol",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no user of kind %s among %v", kind, kinds)
		}
	}
}
