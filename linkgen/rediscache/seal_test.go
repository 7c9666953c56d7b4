package rediscache

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/linkgen"
)

func sealer(t testing.TB) *Cache {
	return open(t, Config{URLs: []string{"redis://127.0.0.1:1"}, Secret: secret})
}

func TestWhatWasSealedOpens(t *testing.T) {
	c, now := sealer(t), time.Unix(1_800_000_000, 123_456_789)
	for _, v := range []sealed{
		{made: now, until: now.Add(time.Hour), epoch: linkgen.Epoch(newEpoch()), text: link},
		{made: now, until: now, text: ""},
		{made: now, until: now, epoch: linkgen.Epoch(newEpoch()), text: strings.Repeat("\xff", maxText)},
	} {
		value, err := c.seal("name", v)
		if err != nil {
			t.Fatal(err)
		}
		if len(value) > maxSealed {
			t.Errorf("%d bytes, read are %d", len(value), maxSealed)
		}
		got, err := c.open("name", value)
		if diff := cmp.Diff(v, got, cmp.AllowUnexported(sealed{})); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		again, err := c.seal("name", v)
		if err != nil || again == value {
			t.Errorf("sealed twice to the same bytes, %v", err)
		}
	}
}

func TestNothingElseOpens(t *testing.T) {
	c := sealer(t)
	value, err := c.seal("name", sealed{made: time.Now(), until: time.Now(), epoch: linkgen.Epoch(newEpoch()), text: link})
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name, value string) {
		t.Helper()
		if v, err := c.open(name, value); Kind(err) != "corrupt" || v != (sealed{}) {
			t.Fatalf("%q opens as %q", value, v.text)
		}
	}
	refused("another name", value)
	for i := range len(value) {
		refused("name", value[:i])
		for bit := range 8 {
			turned := []byte(value)
			turned[i] ^= 1 << bit
			refused("name", string(turned))
		}
	}
	refused("name", value+"x")
	refused("name", strings.Repeat("\x01", maxSealed+1))
}

// TestAShortSealIsRefused: anyone who has the secret could still have written it in another way.
func TestAShortSealIsRefused(t *testing.T) {
	c := sealer(t)
	aead, err := c.aead("name")
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range [][]byte{nil, make([]byte, 16), append(binary.BigEndian.AppendUint64(nil, 1), 0, 0, 0, 0, 0, 0, 0, 0, 200)} {
		value := string(append([]byte{sealVersion}, aead.Seal(nil, nil, plain, []byte("name"))...))
		if _, err := c.open("name", value); Kind(err) != "corrupt" {
			t.Errorf("%d bytes open: %v", len(plain), err)
		}
	}
}

func TestNamesDoNotMeet(t *testing.T) {
	c := sealer(t)
	seen := map[string]bool{}
	add := func(name string) {
		t.Helper()
		if seen[name] {
			t.Errorf("%s twice", name)
		}
		seen[name] = true
	}
	for i := range byte(50) {
		for j := range byte(50) {
			n := c.names(linkgen.Key{Subscriber: linkgen.SubscriberHash{i}, Order: [32]byte{j}})
			add(n.link)
			if j == 0 {
				add(n.epoch)
			}
			if tag := n.epoch[strings.Index(n.epoch, "{") : strings.Index(n.epoch, "}")+1]; !strings.Contains(n.link, tag) {
				t.Errorf("%s and %s may be on different nodes", n.epoch, n.link)
			}
		}
	}
	for _, key := range []string{"", "a", "b", "once", "fact", "a\x00"} {
		add(c.factName("once", key))
		add(c.factName("fact", key))
	}
}

func FuzzOpen(f *testing.F) {
	c := sealer(f)
	f.Add("", "")
	f.Add("name", "\x01"+strings.Repeat("x", 60))
	f.Fuzz(func(t *testing.T, name, value string) {
		if v, err := c.open(name, value); err == nil {
			t.Fatalf("%q opens as %+v", value, v)
		}
		s, err := c.seal(name, sealed{made: time.Now(), until: time.Now(), text: value})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := c.open(name, s); len(value) <= maxText && (err != nil || v.text != value) {
			t.Fatalf("sealed %q, opened %q, %v", value, v.text, err)
		}
	})
}
