package ledger

import (
	"encoding/json"
	"strings"
	"testing"
)

// id is a UUID as Zotlo writes it.
const id = "f3b1c2d4-0000-4000-8000-00000000002a"

// Each text comes back as it was, in as many bytes as it needs.
func TestText(t *testing.T) {
	sizes := map[text]int{
		"": 1, "start_paid": 1, "zotlo.payment": 1, "pro-monthly": 12, "Start_paid": 11,
		id: 17, text(strings.ToUpper(id)): 38, "f3b1c2d400004000-8000-00000000002a-a": 38,
		"f3b1c2d4-0000-4000-8000-00000000002g": 38, "f3b1c2d40000400080000000000000002a": 36,
	}
	for _, word := range words {
		sizes[word] = 1
	}
	for want, size := range sizes {
		raw, err := cborMode.Marshal(want)
		if err != nil || len(raw) != size {
			t.Errorf("%q: %d bytes, %v, want %d", want, len(raw), err, size)
		}
		var got text
		if err := readPlain(raw, &got); err != nil || got != want {
			t.Errorf("%q came back as %q, %v", want, got, err)
		}
		if written, err := json.Marshal(want); err != nil || string(written) != `"`+string(want)+`"` {
			t.Errorf("an export says %s of %q, %v", written, want, err)
		}
	}
}

// What no text is written as is an error, and no guess.
func TestTextUnknown(t *testing.T) {
	for _, wrong := range []any{len(words), -1, []byte("short"), true, nil, []string{"x"}} {
		raw, err := cborMode.Marshal(wrong)
		if err != nil {
			t.Fatal(err)
		}
		var got text
		if err := got.UnmarshalCBOR(raw); err == nil {
			t.Errorf("%v is read as %q", wrong, got)
		}
	}
}

// The places of words stand in files, so a list that was changed must fail here.
func TestTextPlaces(t *testing.T) {
	for place, word := range map[int]text{0: "start_paid", 9: "active", 14: "zotlo.payment", 21: "refund"} {
		if words[place] != word {
			t.Errorf("word %d is %q, want %q", place, words[place], word)
		}
	}
}
