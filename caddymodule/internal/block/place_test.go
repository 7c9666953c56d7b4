package block

import (
	"errors"
	"fmt"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func TestPlaceIsAddedToAnError(t *testing.T) {
	d := caddyfile.NewTestDispenser("a\nb")
	d.Next()
	d.Next()
	fault := errors.New("a fault")
	err := PlaceOf(d).Errorf("b: %w", fault)
	if err.Error() != "b: a fault, at Testfile:2" || !errors.Is(err, fault) {
		t.Errorf("%v", err)
	}
}

// TestOnlyWhatWasNotedIsLocated: in another process, and from JSON, there is no line to name.
func TestOnlyWhatWasNotedIsLocated(t *testing.T) {
	fault := errors.New("a fault")
	Note("secret", "{env.NOTED}", Place{"Caddyfile", 7})
	for _, tt := range []struct{ option, text, want string }{
		{"secret", "{env.NOTED}", "a fault, at Caddyfile:7"},
		{"token", "{env.NOTED}", "a fault"},
		{"secret", "{env.OTHER}", "a fault"},
	} {
		got := Locate(tt.option, tt.text, fault)
		if got.Error() != tt.want || !errors.Is(got, fault) {
			t.Errorf("%s %s: %v, want %q", tt.option, tt.text, got, tt.want)
		}
	}
	Note("secret", "{env.NOTED}", Place{"Caddyfile", 9}) // the line has moved
	if got := Locate("secret", "{env.NOTED}", fault); got.Error() != "a fault, at Caddyfile:9" {
		t.Errorf("%v", got)
	}
}

// TestNotesAreBounded: a server may adapt Caddyfiles for years. What it noted last is never lost.
func TestNotesAreBounded(t *testing.T) {
	fault := errors.New("a fault")
	for n := range 3 * maxPlaces {
		text := fmt.Sprintf("{env.BOUND_%d}", n)
		Note("secret", text, Place{"Caddyfile", n})
		if got := Locate("secret", text, fault); got.Error() == fault.Error() {
			t.Fatalf("note %d is lost at once", n)
		}
		if len(book.places) > maxPlaces {
			t.Fatalf("%d places are kept", len(book.places))
		}
	}
}
