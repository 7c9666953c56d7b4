package redisstore

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/ledger"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestWhatIsStoredIsWhatIsRead(t *testing.T) {
	s := nowhere(t, "")
	s.now = clockAt(noon)
	long := strings.Repeat("\xff", ledger.MaxValue)
	for _, tt := range []struct {
		name      string
		doc, want ledger.Doc
		life      string // in milliseconds
	}{
		{"nothing", ledger.Doc{}, ledger.Doc{}, "0"},
		{"no bytes", ledger.Doc{Value: []byte{}}, ledger.Doc{}, "0"},
		{"nothing with an end", ledger.Doc{Until: noon.Add(time.Hour)}, ledger.Doc{}, "0"},
		{"for ever", doc("x", time.Time{}), doc("x", time.Time{}), "0"},
		{"any bytes", doc("\x00\xff", time.Time{}), doc("\x00\xff", time.Time{}), "0"},
		{"the longest", doc(long, time.Time{}), doc(long, time.Time{}), "0"},
		{"a full hour", doc("x", noon.Add(time.Hour)), doc("x", noon.Add(time.Hour)), "7200000"},
		{
			"more than one", doc("x", noon.Add(time.Hour+1)), doc("x", noon.Add(2*time.Hour)),
			"10800000",
		},
		{"a moment", doc("x", noon.Add(1)), doc("x", noon.Add(time.Hour)), "7200000"},
		{"over now", doc("x", noon), ledger.Doc{}, "0"},
		{"long over", doc("x", time.Unix(-1, 0)), ledger.Doc{}, "0"},
		{
			"later than there are hours", doc("x", time.Unix(math.MaxInt64/4, 0)),
			doc("x", time.Unix(math.MaxUint32*3600, 0).UTC()),
			"15460104628800000",
		},
	} {
		stored, err := s.encode(tt.doc)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		got, err := s.decode(stored)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tt.name, err, diff)
		}
		if life := s.life(stored); life != tt.life {
			t.Errorf("%s: Redis keeps it for %s ms, want %s", tt.name, life, tt.life)
		}
	}
	if _, err := s.encode(doc(long+"x", time.Time{})); Kind(err) != "too_long" {
		t.Errorf("one byte more: %v", err)
	}
}

func doc(value string, until time.Time) ledger.Doc {
	return ledger.Doc{Value: []byte(value), Until: until}
}

// TestADocumentEndsByTheClockOfItsReader: Redis may still have it.
func TestADocumentEndsByTheClockOfItsReader(t *testing.T) {
	s := nowhere(t, "")
	s.now = clockAt(noon)
	stored, err := s.encode(doc("x", noon.Add(time.Hour)))
	must(t, err)
	for after, there := range map[time.Duration]bool{
		-24 * time.Hour: true, 0: true, time.Hour - 1: true,
		time.Hour: false, 24 * time.Hour: false,
	} {
		s.now = clockAt(noon.Add(after))
		if got, err := s.decode(stored); err != nil || (got.Value != nil) != there {
			t.Errorf("after %v: %v, %v", after, got, err)
		}
	}
}

func TestNothingElseOpens(t *testing.T) {
	s := nowhere(t, "")
	for _, stored := range []string{
		"x", "\x01", "\x01\x00\x00\x00\x00", "\x00\x00\x00\x00\x00x", "\x02\x00\x00\x00\x00x",
		"\x01\x00\x00\x00\x00" + strings.Repeat("x", ledger.MaxValue+1),
	} {
		if got, err := s.decode(stored); Kind(err) != "corrupt" || got.Value != nil {
			t.Errorf("%.10q opens as %.10q, %v", stored, got.Value, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	s := nowhere(f, "")
	s.now = clockAt(noon)
	f.Add("")
	f.Add("\x01\x00\x00\x00\x00value")
	f.Add("\x01\xff\xff\xff\xffvalue")
	f.Fuzz(func(t *testing.T, stored string) {
		got, err := s.decode(stored)
		if err != nil || got.Value == nil {
			return
		}
		if again, err := s.encode(got); err != nil || again != stored {
			t.Fatalf("%q is read as %v and stored as %q, %v", stored, got, again, err)
		}
	})
}
