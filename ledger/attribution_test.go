package ledger_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/ledger"
)

func TestAttributionReadsWhatItWrote(t *testing.T) {
	for _, a := range []ledger.Attribution{
		{Campaign: "black-friday", Experiment: "bf-price", Variant: "cheaper", Price: "14.99", Currency: "EUR", Subscriber: "s", Random: "r"},
		{Campaign: "pro"},
		{Campaign: "a&b=c d+e%20", Random: "ü"},
	} {
		got, err := ledger.ParseAttribution(a.String())
		if diff := cmp.Diff(a, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", a, err, diff)
		}
	}
	want := "c=black-friday&e=bf-price&v=cheaper&p=14.99&u=EUR"
	a := ledger.Attribution{Campaign: "black-friday", Experiment: "bf-price", Variant: "cheaper", Price: "14.99", Currency: "EUR"}
	if a.String() != want {
		t.Errorf("wrote %q, want %q", a, want)
	}
}

func TestWhatIsNoAttribution(t *testing.T) {
	for _, text := range []string{"", "x=1", "c", "c=%zz", "c=a&c=b", "c=a;v=b", "{}", "c=a%0Ab", "p=\xbf", "p=%bf", "c=" + strings.Repeat("x", 3000)} {
		if a, err := ledger.ParseAttribution(text); err == nil && a != (ledger.Attribution{}) {
			t.Errorf("%.40q became %+v", text, a)
		} else if err != nil && strings.Contains(err.Error(), "zz") {
			t.Errorf("the error quotes what came in: %v", err)
		}
	}
	if a, err := ledger.ParseAttribution("c=pro&future=1"); err != nil || a.Campaign != "pro" {
		t.Errorf("an unknown name spoils the rest: %v", err)
	}
}

func FuzzParseAttribution(f *testing.F) {
	f.Add("c=black-friday&e=bf-price&v=cheaper&p=14.99&u=EUR&s=AAAAAAAAAAAAAAAAAAAAAA&r=abc")
	f.Add("c=%00&r=+")
	f.Add("c=a&c=b")
	f.Add("p=" + strings.Repeat("\u00fc", 1000)) // too long once it is escaped
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ledger.ParseAttribution(text)
		if err != nil {
			return
		}
		if len(a.String()) > 2048 {
			return // text that was shorter unescaped, and longer than any of ours
		}
		again, err := ledger.ParseAttribution(a.String())
		if a != (ledger.Attribution{}) && (err != nil || again != a) {
			t.Errorf("%q: %+v was written as %q and read as %+v, %v", text, a, a, again, err)
		}
	})
}
