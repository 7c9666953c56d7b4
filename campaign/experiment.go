package campaign

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ExperimentConfig is a sticky split of a campaign's users.
type ExperimentConfig struct {
	// Key is the experiment's unique name: 1 to 64 of A-Z a-z 0-9 _ - and the dot.
	Key string `json:"key"`
	// Coverage is the share of users in the experiment, such as "80%", with at most two decimals.
	// Default 100%. The others get the campaign without a variant. Raising it adds users and moves
	// none.
	Coverage string `json:"coverage,omitempty"`
	// Seed mixes the hash. Default: the key. Experiments with the same seed split their users
	// alike.
	Seed string `json:"seed,omitempty"`
	// HashAttribute is the claim that is hashed, byte for byte. Default: sub, else the subscriber,
	// with an e-mail in lower case so that one person keeps one variant.
	HashAttribute string `json:"hash_attribute,omitempty"`
	// Namespace bounds the experiment to a share of all users. Default: all. The others get the
	// campaign without a variant.
	Namespace *NamespaceConfig `json:"namespace,omitempty"`
	// Window is how long after a person's first exposure their payments count, a minute at least.
	// Default 14d. Danger: with one that is shorter than a trial, no trial is ever a purchase.
	Window time.Duration `json:"window,omitempty"`
	// Metric decides which variant is better: `rate`, the share of people who buy, or `revenue EUR`,
	// money per person in one currency. Default `rate`; where variants differ in price, quote,
	// package or link id there is no verdict until it is written.
	Metric string `json:"metric,omitempty"`
	// Variants are the arms, the control first. Their weights sum to 100%.
	Variants []VariantConfig `json:"variant"`
}

// VariantConfig is one arm of an experiment.
type VariantConfig struct {
	// Name is unique in the experiment: 1 to 64 of A-Z a-z 0-9 _ - and the dot.
	Name string `json:"name"`
	// Weight is the variant's share of the experiment, such as "50%", with at most two decimals.
	Weight string `json:"weight"`
	Overrides
}

// Range is a variant's share of the bucket space, in basis points: [Start, End).
type Range struct {
	Variant    string
	Start, End int
}

// basisPoints is the size of the bucket space: 100% in hundredths of a percent.
const basisPoints = 10_000

// The offset basis and the prime of FNV-1a (Fowler, Noll, Vo) with 32 bits.
const (
	fnvOffset uint32 = 2166136261
	fnvPrime  uint32 = 16777619
)

// fnv1a goes on from h. hash/fnv does the same but lets its argument escape to the heap, and a
// decision allocates nothing.
func fnv1a[T string | []byte](h uint32, s T) uint32 {
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * fnvPrime
	}
	return h
}

// split says who gets which variant.
type split struct {
	key, seed, attribute string
	seeded               uint32 // FNV-1a of the seed
	ranges               []Range
	namespace            *namespace // nil: everybody takes part
}

// compile checks the experiment, its variants' overrides aside. Weights and coverage are integers,
// so a range's end is the floor of weight × coverage without a rounding error.
func (e *ExperimentConfig) compile() (*split, error) {
	if !isName(e.Key, "._-") {
		return nil, fmt.Errorf("experiment %q: key must be %s", e.Key, nameRule)
	}
	if strings.Contains(e.Seed, "{") {
		return nil, fmt.Errorf("experiment %s: seed %s: a seed is the same for all users:"+
			" write a constant", e.Key, e.Seed)
	}
	if strings.ContainsAny(e.HashAttribute, "{}") {
		return nil, fmt.Errorf("experiment %s: hash_attribute %s: write the path of a claim"+
			" without braces, such as \"hash_attribute sub\"", e.Key, e.HashAttribute)
	}
	s := &split{key: e.Key, seed: e.Seed, attribute: e.HashAttribute}
	if s.seed == "" {
		s.seed = e.Key
	}
	s.seeded = fnv1a(fnvOffset, s.seed)
	coverage, err := e.coverage()
	if err == nil {
		err = e.checkOutcome()
	}
	if err == nil {
		s.namespace, err = e.Namespace.compile()
	}
	if err != nil {
		return nil, fmt.Errorf("experiment %s: %w", e.Key, err)
	}
	if len(e.Variants) == 0 {
		return nil, fmt.Errorf("experiment %s: variants missing:"+
			" write \"variant control 50%%\" and \"variant other 50%% { … }\"", e.Key)
	}
	start := 0
	seen := make(map[string]bool, len(e.Variants))
	for i := range e.Variants {
		v := &e.Variants[i]
		weight, err := v.check()
		if err == nil && seen[v.Name] {
			err = fmt.Errorf("variant %s: there are two of this name: rename one of them", v.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("experiment %s: %w", e.Key, err)
		}
		seen[v.Name] = true
		// The coverage shortens each range from its end. Its start stays, so that a greater
		// coverage moves nobody.
		s.ranges = append(s.ranges, Range{v.Name, start, start + weight*coverage/basisPoints})
		start += weight
	}
	if start != basisPoints {
		return nil, fmt.Errorf("experiment %s: weights sum to %s:"+
			" change them so that they sum to 100%%", e.Key, formatPercent(start))
	}
	return s, nil
}

// coverage is the share of users in the experiment, in basis points; all of them by default.
func (e *ExperimentConfig) coverage() (int, error) {
	if e.Coverage == "" {
		return basisPoints, nil
	}
	n, err := parsePercent(e.Coverage)
	return n, wrap("coverage", err)
}

// check reports what is wrong with name or weight, and returns the weight in basis points. Zero is
// a weight, too: such a variant is there for Explain alone.
func (v *VariantConfig) check() (weight int, err error) {
	if !isName(v.Name, "._-") {
		return 0, fmt.Errorf("variant %q: name must be %s", v.Name, nameRule)
	}
	if v.Weight == "" {
		return 0, fmt.Errorf("variant %s: weight missing: write \"variant %s 50%%\"",
			v.Name, v.Name)
	}
	weight, err = parsePercent(v.Weight)
	return weight, wrap("variant "+v.Name+": weight", err)
}

// parsePercent reads a percentage from 0% to 100% with at most two decimals as basis points.
func parsePercent(text string) (int, error) {
	number, percent := strings.CutSuffix(text, "%")
	whole, fraction, point := strings.Cut(number, ".")
	digits := whole + (fraction + "00")[:2]
	n, err := strconv.ParseUint(digits, 10, 16)
	long := len(whole) > 3 || len(fraction) > 2
	if !percent || whole == "" || long || point && fraction == "" || err != nil || n > basisPoints {
		return 0, fmt.Errorf("%q must be a percentage from 0%% to 100%% with at most two decimals,"+
			" such as 33.34%%", text)
	}
	return int(n), nil
}

// formatPercent writes basis points as a percentage without needless zeros: 3334 is 33.34%, 5000 is
// 50%.
func formatPercent(n int) string {
	s := fmt.Sprintf("%d.%02d", n/100, n%100)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".") + "%"
}

// id is what is hashed for a user; not ok for one without a stable id.
func (s *split) id(user User) (string, bool) {
	attribute := s.attribute
	if attribute == "" {
		attribute = "sub"
	}
	if id, ok := user.claim(attribute); ok && id != "" {
		return id, true
	}
	if s.attribute != "" {
		return "", false
	}
	id := user.Subscriber
	if strings.Contains(id, "@") {
		id = strings.ToLower(id)
	}
	return id, id != ""
}

// bucket is where an id belongs, 0 to 9999. It is GrowthBook's hash version 2 as an integer:
// FNV-1a-32 over the decimal text of FNV-1a-32 over seed and id. Text beyond ASCII is hashed as
// UTF-8. https://docs.growthbook.io/lib/build-your-own
func (s *split) bucket(id string) int {
	var decimal [10]byte
	first := fnv1a(s.seeded, id)
	return int(fnv1a(fnvOffset, strconv.AppendUint(decimal[:0], uint64(first), 10)) % basisPoints)
}

// variant is the index of the variant that owns a bucket, or -1 when none does.
func (s *split) variant(bucket int) int {
	for i := range s.ranges {
		if r := &s.ranges[i]; r.Start <= bucket && bucket < r.End {
			return i
		}
	}
	return -1
}
