//go:build unix

package redistest

import "testing"

// TestSlot holds Slot against the example of the specification and against Redis itself.
func TestSlot(t *testing.T) {
	if got := Slot("123456789"); got != 0x31C3 {
		t.Errorf("%#x, want 0x31c3", got)
	}
	admin := Start(t, "--cluster-enabled", "yes", "--cluster-port", "0").Client()
	for _, key := range []string{"", "foo", "{a}b", "x{}y", "{{a}}", "checkout:{0f_-}:1", "}{", "{a"} {
		want, err := admin.ClusterKeySlot(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		if got := Slot(key); got != want {
			t.Errorf("%q: %d, want %d", key, got, want)
		}
	}
}
