package testsize

import "testing"

func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		name     string
		full     string // CHECKOUT_TEST_FULL
		of, long int    // without the race detector
	}{
		{"every day", "", 1000, 10},
		{"full size", "1", 1000, 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("CHECKOUT_TEST_FULL", tt.full)
			of, long := tt.of, tt.long
			if Race {
				of, long = 10, 10
			}
			if got := Of(1000); got != of {
				t.Errorf("Of(1000) is %d, want %d", got, of)
			}
			if got := Long(1000); got != long {
				t.Errorf("Long(1000) is %d, want %d", got, long)
			}
		})
	}
}

// A test of size 0 would prove nothing.
func TestNoSizeIsZero(t *testing.T) {
	t.Setenv("CHECKOUT_TEST_FULL", "")
	for _, n := range []int{1, 12, 99} {
		if Of(n) < 1 || Long(n) != 1 {
			t.Errorf("of %d are left %d and %d", n, Of(n), Long(n))
		}
	}
}
