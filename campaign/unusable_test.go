package campaign

import (
	"slices"
	"strings"
	"testing"
)

// TestADroppedValueIsToldApartFromAnAbsentOne: both leave an override out, but only one of them is
// somebody's loss.
func TestADroppedValueIsToldApartFromAnAbsentOne(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		why         string // empty: nothing to tell
	}{
		{"custom_parameter", strings.Repeat("A", 256), ""},
		{"custom_parameter", strings.Repeat("é", 256), ""}, // characters, not bytes
		{
			"custom_parameter", strings.Repeat("A", 257),
			"custom_parameter key: must be at most 256 characters",
		},
		{"custom_parameter", "a\nb", "custom_parameter key: must hold no control characters"},
		{"mmp", strings.Repeat("A", 257), "mmp key: must be at most 256 characters"},
		{"field", strings.Repeat("A", 2049), "field key: must be at most 2048 characters"},
		{"product_image", "javascript:alert(1)", "product_image: must be an absolute https URL"},
		{"package_name", "<>", "package_name: placeholder {x} has no usable value"},
		{"custom_parameter", "", ""},
		{"custom_parameter", " \t", ""},
		{"package_name", "", ""},
	} {
		c, dropped := sells(t, saying(tt.name, "{x}")), []string{tt.name}
		got := gets(t, c, sends("x", tt.value))
		why := strings.Join(got.Unusable, "; ")
		switch {
		case !strings.HasPrefix(why, tt.why) || tt.why == "" && why != "":
			t.Errorf("%s with %.20q: unusable %q, want %q", tt.name, tt.value, why, tt.why)
		case tt.why != "" && !slices.Equal(got.Dropped, dropped):
			t.Errorf("%s with %.20q: dropped %q", tt.name, tt.value, got.Dropped)
		}
		absent := gets(t, c, shopper{})
		if len(absent.Unusable) > 0 || !slices.Equal(absent.Dropped, dropped) {
			t.Errorf("%s that is absent: %q, %q", tt.name, absent.Dropped, absent.Unusable)
		}
	}
}

// TestWhatHasNoRoomIsToldApartToo: the value was there, and is lost.
func TestWhatHasNoRoomIsToldApartToo(t *testing.T) {
	o := Overrides{CustomParameters: many(7, 256)}
	o.CustomParameters["x"] = "{x}"
	got := gets(t, sells(t, o), sends("x", strings.Repeat("x", 256)))
	want := []string{"custom_parameter x: no room: parameters are limited to 2 KiB in all"}
	if !slices.Equal(got.Unusable, want) {
		t.Errorf("unusable %q, want %q", got.Unusable, want)
	}
}

// TestWhatIsUnusableQuotesNoValue: the reasons go into logs.
func TestWhatIsUnusableQuotesNoValue(t *testing.T) {
	for _, name := range allOverrides() {
		if ov := overrideNamed(name); ov.must {
			continue
		}
		o := saying(name, "{x}")
		o.LinkID = "1"
		long := "S3CRET" + strings.Repeat("x", 3000)
		for _, value := range []string{"S3CRET\x00", "S3CRET\xff", long} {
			for _, why := range gets(t, sells(t, o), sends("x", value)).Unusable {
				if strings.Contains(why, "S3CRET") {
					t.Errorf("%s: %s", name, why)
				}
			}
		}
	}
}
