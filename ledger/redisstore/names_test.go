package redisstore

import (
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
)

// nowhere is a store whose Redis nobody asks.
func nowhere(t testing.TB, prefix string) *Store {
	return open(t, Config{URLs: []string{"redis://127.0.0.1:1"}, KeyPrefix: prefix})
}

// TestNamesDoNotMeet has stores whose prefixes are made to be mistaken for one another.
func TestNamesDoNotMeet(t *testing.T) {
	seen := map[string]bool{}
	for _, prefix := range []string{
		"a", "a1", "adoc:", "adoc:1", "arow:", "arow:1:", "aonce:", "checkout:", "checkout:once:",
	} {
		s := nowhere(t, prefix)
		for _, kind := range []ledger.Kind{0, 1, 11, 255} {
			for _, key := range []string{"", "\x00", ".", "a", "Lg", "{", "}"} {
				for _, what := range []string{docs, rows, onces} {
					name := s.name(what, ledger.Key{Kind: kind, ID: key})
					if seen[name] {
						t.Errorf("%s twice", name)
					}
					seen[name] = true
					if got, ours := id(name, s.stem(what, kind)); !ours || got != key {
						t.Errorf("the id in %s is %q, want %q", name, got, key)
					}
				}
			}
		}
	}
}

// TestWhatBelongsTogetherSharesASlot looks at the hash tag, as a cluster does: what stands between
// the first brace and the next one, if that is anything.
func TestWhatBelongsTogetherSharesASlot(t *testing.T) {
	s := nowhere(t, "")
	for _, key := range []string{"", "a", "}", "{}", strings.Repeat("\xff", 64)} {
		var tags []string
		for _, what := range []string{rows, onces} {
			_, tag, _ := strings.Cut(s.name(what, ledger.Key{Kind: sums, ID: key}), "{")
			tag, _, closed := strings.Cut(tag, "}")
			if tag == "" || !closed {
				t.Errorf("%q has no hash tag", key)
			}
			tags = append(tags, tag)
		}
		if tags[0] != tags[1] {
			t.Errorf("%q is in two slots: %q", key, tags)
		}
	}
}

func TestNamesOfOthersAreNotOurs(t *testing.T) {
	s := nowhere(t, "")
	stem := s.stem(docs, sales)
	for _, name := range []string{
		"", stem, stem + "}", stem + "!}", stem + "YQ", stem + "YQ==}", stem + "YQ}x", stem + "YR}",
		"x" + stem + "YQ}", s.stem(docs, sums) + "YQ}",
	} {
		if got, ours := id(name, stem); ours {
			t.Errorf("%s is read as %q", name, got)
		}
	}
}

func FuzzNames(f *testing.F) {
	s := nowhere(f, "")
	f.Add("", "")
	f.Add("ada", "checkout-ledger:doc:1:{YWRh}")
	f.Fuzz(func(t *testing.T, key, name string) {
		stem := s.stem(docs, sales)
		nameOf := func(id string) string { return s.name(docs, ledger.Key{Kind: sales, ID: id}) }
		if got, ours := id(nameOf(key), stem); !ours || got != key {
			t.Fatalf("%q is read as %q", key, got)
		}
		if got, ours := id(name, stem); ours && nameOf(got) != name {
			t.Fatalf("%q is read as %q, whose name is another", name, got)
		}
	})
}
