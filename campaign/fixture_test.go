package campaign

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// shopper is a user with their request. What it does not set is absent; it trusts every placeholder
// but those of distrust.
type shopper struct {
	at         time.Time
	subscriber string
	claims     claims
	values     map[string]string
	match      func(index int) (bool, error)
	events     map[string]time.Duration // how long ago each happened; nil: nothing is known
	partners   []int                    // places of the campaigns whose partner has sent them
	distrust   string                   // prefix of keys
}

type claims map[string]string

func (c claims) Claim(path string) (string, bool) {
	s, ok := c[path]
	return s, ok
}

func (s shopper) user() User { return User{Subscriber: s.subscriber, Claims: s.claims} }

func (s shopper) Value(key string) (string, bool) {
	v, ok := s.values[key]
	return v, ok
}

func (s shopper) Match(index int) (bool, error) {
	if s.match == nil {
		return true, nil
	}
	return s.match(index)
}

func (s shopper) Happened(event string, within time.Duration) (happened, known bool) {
	ago, did := s.events[event]
	return did && (within == 0 || ago < within), s.events != nil
}

func (s shopper) Partner(index int) bool { return slices.Contains(s.partners, index) }

func (s shopper) Trusted(key string) bool {
	return s.distrust == "" || !strings.HasPrefix(key, s.distrust)
}

// sends is a shopper whose placeholders have these keys and values.
func sends(pairs ...string) shopper {
	s := shopper{values: make(map[string]string)}
	for i := 0; i < len(pairs); i += 2 {
		s.values[pairs[i]] = pairs[i+1]
	}
	return s
}

// user is a shopper whose sub claim is id.
func user(id string) shopper { return shopper{claims: claims{"sub": id}} }

// bucket is where an id belongs in an experiment with this seed.
func bucket(seed, id string) int { return (&split{seeded: fnv1a(fnvOffset, seed)}).bucket(id) }

// decide and explain ask for a shopper.
func decide(list []*Campaign, s shopper) (*Offer, error) {
	d, err := Decide(list, s.user(), s, s.at)
	return d.Offer, err
}

func explain(list []*Campaign, s shopper, variant string) (Decision, error) {
	return Explain(list, s.user(), s, s.at, variant)
}

var (
	// placeholder matches {key} and \{ and \}.
	placeholder = regexp.MustCompile(`\\[{}]|\{([^{}]+)\}`)

	errOpen = errors.New(`placeholder is not closed; write \{ for a brace`)
)

// parse is the tests' ParseTemplate.
func parse(text string) (parts []Part, err error) {
	literal := func(s string) {
		if strings.Contains(s, "{") {
			err = errOpen
		}
		if s != "" {
			parts = append(parts, Part{Literal: s})
		}
	}
	for {
		at := placeholder.FindStringSubmatchIndex(text)
		if at == nil {
			literal(text)
			return parts, err
		}
		literal(text[:at[0]])
		if at[2] < 0 {
			parts = append(parts, Part{Literal: text[at[0]+1 : at[1]]})
		} else {
			parts = append(parts, Part{Key: text[at[2]:at[3]]})
		}
		text = text[at[1]:]
	}
}

// options are those of most tests.
func options(t testing.TB) Options {
	return Options{ParseTemplate: parse, Languages: languages(t, "en", "tr", "de", "pt_br")}
}

// languages is a list that must be good.
func languages(t testing.TB, list ...string) *Languages {
	t.Helper()
	l, err := NewLanguages(list...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// load compiles a campaign that must be good. Without a name it is called pro, without any link id
// it sells 123.
func load(t testing.TB, cfg Config) *Campaign {
	t.Helper()
	c, err := New(complete(cfg), options(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func complete(cfg Config) Config {
	if cfg.Name == "" {
		cfg.Name = "pro"
	}
	e := cfg.Experiment
	if cfg.LinkID == "" && (e == nil || len(e.Variants) == 0 || e.Variants[0].LinkID == "") {
		cfg.LinkID = "123"
	}
	return cfg
}

// sells loads a campaign with these overrides.
func sells(t testing.TB, o Overrides) *Campaign {
	t.Helper()
	return load(t, Config{Overrides: o})
}

// gets is the offer that a shopper gets of one campaign.
func gets(t testing.TB, c *Campaign, s shopper) *Offer {
	t.Helper()
	o, err := decide([]*Campaign{c}, s)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// getsBad is the refusal that a shopper gets of one campaign.
func getsBad(t testing.TB, c *Campaign, s shopper) *Error {
	t.Helper()
	o, err := decide([]*Campaign{c}, s)
	var bad *Error
	if !errors.As(err, &bad) || o != nil {
		t.Fatalf("got offer %v and error %v, want no offer and an *Error", o, err)
	}
	return bad
}

// forced is the offer of a variant that is asked for by name.
func forced(t testing.TB, c *Campaign, variant string) *Offer {
	t.Helper()
	d, err := explain([]*Campaign{c}, shopper{}, variant)
	if err != nil {
		t.Fatal(err)
	}
	return d.Offer
}

// same compares an offer with the one that is wanted; the campaign itself is left out.
func same(t testing.TB, got *Offer, want Offer) {
	t.Helper()
	if diff := cmp.Diff(want, *got, cmpopts.IgnoreFields(Offer{}, "Campaign")); diff != "" {
		t.Errorf("offer (-want +got):\n%s", diff)
	}
}
