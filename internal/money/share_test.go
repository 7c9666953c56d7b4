package money

import (
	"math"
	"testing"
)

func TestShareIsExact(t *testing.T) {
	for _, test := range []struct {
		amounts    []string
		hundredths int
		want       string
	}{
		{nil, 1000, "0.00"},
		{[]string{"19.99"}, 2000, "3.998"},
		{[]string{"19.99", "19.99", "19.99"}, 1250, "7.49625"},
		{[]string{"19.99", "-19.99"}, 1250, "0.00"},
		{[]string{"-10.00"}, 1000, "-1.00"},
		{[]string{"0.0001"}, 1, "0.00000001"},
		{[]string{"100"}, 10000, "100.00"},
	} {
		var s Share
		for _, text := range test.amounts {
			a, ok := Parse(text)
			if !ok {
				t.Fatal(text)
			}
			s.Add(a, test.hundredths)
		}
		if got := s.String(); got != test.want {
			t.Errorf("%d hundredths of a percent of %v are %s, want %s", test.hundredths, test.amounts,
				got, test.want)
		}
	}
	var large Share
	for range 1000 {
		large.Add(math.MaxInt64, 10000)
	}
	if got, want := large.String(), "922337203685477580.70"; got[:5] != want[:5] || got[0] == '-' {
		t.Errorf("the share of more than an integer holds is %s", got)
	}
}
