package ledger

import "testing"

func TestSamePrice(t *testing.T) {
	same := [][2]string{{"9.9", "9.90"}, {"9.9", "09.900"}, {"10", "10.00"}, {"0", "0.00"}, {"-0", "0"}, {"-5.0", "-5"}}
	for _, p := range same {
		if !samePrice(p[0], p[1]) || !samePrice(p[1], p[0]) {
			t.Errorf("%q and %q are not the same", p[0], p[1])
		}
	}
	other := [][2]string{{"9.9", "9.09"}, {"9.9", "99"}, {"1", "-1"}, {"10", "1"}, {"9.99", "9.990000000000000000001"}, {"", ""}, {"", "0"}, {"a", "a"}, {"1.", "1"}, {".5", "0.5"}, {"1.5.0", "1.5"}, {"1e1", "10"}, {"+1", "1"}, {" 1", "1"}, {"1,0", "1,0"}, {"--1", "--1"}, {"1.-0", "1"}}
	for _, p := range other {
		if samePrice(p[0], p[1]) || samePrice(p[1], p[0]) {
			t.Errorf("%q and %q are the same", p[0], p[1])
		}
	}
}
