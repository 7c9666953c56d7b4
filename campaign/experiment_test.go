package campaign

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBucketVectors holds GrowthBook's own check values for hash version 2.
func TestBucketVectors(t *testing.T) {
	for _, test := range []struct {
		seed, id string
		want     int
	}{
		{"seed", "a", 505},
		{"seed", "b", 2696},
		{"foo", "def", 2019},
		{"90850943850283058242805", "123", 7516},
	} {
		if got := bucket(test.seed, test.id); got != test.want {
			t.Errorf("bucket(%q, %q) = %d, want %d", test.seed, test.id, got, test.want)
		}
	}
}

// TestBucketIsFNV compares with the standard library's FNV, on text that no vector has.
func TestBucketIsFNV(t *testing.T) {
	sum := func(s string) uint32 {
		h := fnv.New32a()
		h.Write([]byte(s))
		return h.Sum32()
	}
	for _, id := range append(ids(1000), "", "é", "東京", "\xff\x00") {
		want := int(sum(strconv.FormatUint(uint64(sum("bf-price"+id)), 10)) % 10_000)
		if got := bucket("bf-price", id); got != want {
			t.Fatalf("bucket of %q = %d, want %d", id, got, want)
		}
	}
}

// ids are n random user ids in the form of UUIDs, always the same ones.
func ids(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([]string, n)
	for i := range list {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:8], r.Uint64())
		binary.BigEndian.PutUint64(b[8:], r.Uint64())
		h := hex.EncodeToString(b[:])
		list[i] = h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	}
	return list
}

func TestRanges(t *testing.T) {
	for _, test := range []struct {
		coverage string
		weights  []string
		want     [][2]int
	}{
		{"20%", []string{"20%", "30%", "50%"}, [][2]int{{0, 400}, {2000, 2600}, {5000, 6000}}},
		{"", []string{"50%", "50%"}, [][2]int{{0, 5000}, {5000, 10000}}},
		{"100%", []string{"33.33%", "33.33%", "33.34%"}, [][2]int{{0, 3333}, {3333, 6666}, {6666, 10000}}},
		{"0.01%", []string{"50%", "50%"}, [][2]int{{0, 0}, {5000, 5000}}},
		{"99.99%", []string{"10%", "20%", "70%"}, [][2]int{{0, 999}, {1000, 2999}, {3000, 9999}}}, // floors: 999.9, 1999.8, 6999.3
		{"0%", []string{"100%"}, [][2]int{{0, 0}}},
		{"100.00%", []string{"0%", "100%", "0.0%"}, [][2]int{{0, 0}, {0, 10000}, {10000, 10000}}},
	} {
		e := weights(test.weights...)
		e.Coverage = test.coverage
		key, got := load(t, Config{Experiment: e}).Ranges()
		want := make([]Range, len(test.want))
		for i, r := range test.want {
			want[i] = Range{string(rune('a' + i)), r[0], r[1]}
		}
		if diff := cmp.Diff(want, got); key != "e" || diff != "" {
			t.Errorf("%s of %v (-want +got):\n%s", test.coverage, test.weights, diff)
		}
	}
	if key, ranges := load(t, Config{}).Ranges(); key != "" || ranges != nil {
		t.Errorf("ranges without an experiment: %q %v", key, ranges)
	}
}

// TestMillionUsers splits 10^6 users and holds each variant against the bound of the binomial
// distribution. Growing coverage keeps everybody where they were.
func TestMillionUsers(t *testing.T) {
	users := ids(1_000_000)
	for _, split := range [][]string{{"50%", "50%"}, {"20%", "30%", "50%"}, {"1%", "99%"}, {"33.33%", "33.33%", "33.34%"}} {
		before := make([]int8, len(users)) // 0: not covered
		for _, coverage := range []string{"10%", "37.5%", "80%", "100%"} {
			e := weights(split...)
			e.Coverage = coverage
			c := load(t, Config{Experiment: e})
			counts := make([]int, len(split))
			for i, id := range users {
				variant := c.split.variant(c.split.bucket(id))
				if now := int8(variant + 1); before[i] != 0 && now != before[i] {
					t.Fatalf("%v at %s: user %s moved from %d to %d",
						split, coverage, id, before[i], now)
				} else {
					before[i] = now
				}
				if variant >= 0 {
					counts[variant]++
				}
			}
			_, ranges := c.Ranges()
			for i, r := range ranges {
				withinBound(t, fmt.Sprintf("%v at %s, variant %d", split, coverage, i), counts[i], len(users), float64(r.End-r.Start)/10_000)
			}
		}
	}
}

// withinBound fails when a count is more than five standard deviations from its expectation: for an
// honest split, once in 1.7 million runs.
func withinBound(t *testing.T, what string, count, n int, p float64) {
	t.Helper()
	mean, deviation := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
	if math.Abs(float64(count)-mean) > 5*deviation {
		t.Errorf("%s: %d of %d users, want %.0f ± %.0f", what, count, n, mean, 5*deviation)
	}
}

// TestSeedsSplitIndependently: who is in one experiment's variant says nothing about another's.
func TestSeedsSplitIndependently(t *testing.T) {
	users := ids(200_000)
	both := 0
	for _, id := range users {
		if bucket("one", id) < 5000 && bucket("two", id) < 5000 {
			both++
		}
	}
	withinBound(t, "in both halves", both, len(users), 0.25)
}

func TestVariantSticks(t *testing.T) {
	one := load(t, Config{Experiment: weights("50%", "50%")})
	again := load(t, Config{Name: "renamed", Overrides: Overrides{Title: "T"}, Experiment: weights("50%", "50%")})
	seen := make(map[string]bool)
	for _, id := range ids(1000) {
		a, b := gets(t, one, user(id)), gets(t, again, user(id))
		if a.Variant != b.Variant || a.Reason != "SPLIT" || !a.Counted || a.Experiment != "e" {
			t.Fatalf("user %s: %+v, then %+v", id, a, b)
		}
		seen[a.Variant] = true
	}
	if len(seen) != 2 {
		t.Errorf("variants seen: %v", seen)
	}
}

func TestWhatIsHashed(t *testing.T) {
	both := shopper{subscriber: "Ada@Example.com", claims: claims{"sub": "42", "org": "Acme", "none": ""}}
	anonymous := shopper{}
	known := shopper{subscriber: "Ada@Example.com"}
	for _, test := range []struct {
		name, attribute string
		s               shopper
		want            string // hashed; empty: nothing
	}{
		{"sub first", "", both, "42"},
		{"else the subscriber, in lower case", "", known, "ada@example.com"},
		{"a phone as it is", "", shopper{subscriber: "905555555555"}, "905555555555"},
		{"an empty sub is none", "", shopper{claims: claims{"sub": ""}, subscriber: "x"}, "x"},
		{"a claim by name, as it is", "org", both, "Acme"},
		{"no other instead of it", "org", known, ""},
		{"not even for sub", "sub", known, ""},
		{"an empty claim is none", "none", both, ""},
		{"an anonymous visitor has none", "", anonymous, ""},
	} {
		e := weights("50%", "50%")
		e.HashAttribute, e.Seed = test.attribute, "seed"
		d, err := explain([]*Campaign{load(t, Config{Experiment: e})}, test.s, "")
		if err != nil {
			t.Fatal(err)
		}
		o := d.Offer
		want, reason := bucket("seed", test.want), "SPLIT"
		if test.want == "" {
			want, reason = -1, "DEFAULT"
		}
		if o.Bucket != want || o.Reason != reason || o.Counted != (test.want != "") || reason == "DEFAULT" && o.Variant != "a" {
			t.Errorf("%s: %+v, want bucket %d", test.name, o, want)
		}
	}
}

func TestNotCovered(t *testing.T) {
	e := fifty(Overrides{}, Overrides{Title: "other"})
	e.Coverage = "0%"
	c := load(t, Config{Overrides: Overrides{Title: "plain"}, Experiment: e})
	same(t, gets(t, c, user("42")), Offer{LinkID: "123", Reason: "DISABLED", Bucket: -1, Fields: []field{{"title", "plain"}}})
	// An anonymous visitor sees what the control sees, whatever the coverage.
	same(t, gets(t, c, shopper{}), Offer{
		LinkID: "123", Reason: "DEFAULT", Bucket: -1, Experiment: "e", Variant: "control",
		Fields: []field{{"title", "plain"}},
	})
}

func TestPercent(t *testing.T) {
	for text, want := range map[string]int{
		"0%": 0, "50%": 5000, "33.3%": 3330, "33.34%": 3334, "0.01%": 1, "100%": 10000,
		"100.00%": 10000,
	} {
		if got, err := parsePercent(text); err != nil || got != want {
			t.Errorf("parsePercent(%q) = %d, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "%", "50", "50 %", " 50%", "+5%", "-5%", "100.01%", "1000%", "0.001%", "5.%", ".5%",
		"5,5%", "1e1%", "50%%", "٥%", "99999999999999999999%",
	} {
		if got, err := parsePercent(text); err == nil {
			t.Errorf("parsePercent(%q) = %d, want an error", text, got)
		}
	}
	for n, want := range map[int]string{
		0: "0%", 1: "0.01%", 10: "0.1%", 3334: "33.34%", 5000: "50%", 10000: "100%",
	} {
		if got := formatPercent(n); got != want {
			t.Errorf("formatPercent(%d) = %q, want %q", n, got, want)
		}
	}
}
