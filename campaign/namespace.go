package campaign

import "fmt"

// NamespaceConfig is a share of all users that an experiment takes part of, so that another one can
// have the rest. Two experiments with disjoint ranges of one namespace never share a user.
type NamespaceConfig struct {
	// Name is what the experiments have in common: 1 to 64 of A-Z a-z 0-9 _ - and the dot.
	Name string `json:"name"`
	// From and To are the range [From, To) of all users, from 0% to 100% with at most one decimal.
	From string `json:"from"`
	To   string `json:"to"`
}

// perMille is the size of a namespace. GrowthBook's hash version 1 has no more.
const perMille = 1000

// namespace is a range of users, in thousandths.
type namespace struct {
	name     string
	suffix   string // what is hashed after the id
	from, to int
}

// compile checks a namespace. Without one everybody takes part.
func (cfg *NamespaceConfig) compile() (*namespace, error) {
	if cfg == nil {
		return nil, nil
	}
	if !isName(cfg.Name, "._-") {
		return nil, fmt.Errorf("namespace %q: name must be %s", cfg.Name, nameRule)
	}
	n := &namespace{name: cfg.Name, suffix: "__" + cfg.Name}
	for text, to := range map[*string]*int{&cfg.From: &n.from, &cfg.To: &n.to} {
		points, err := parsePercent(*text)
		if err != nil || points%10 != 0 {
			return nil, fmt.Errorf("namespace %s: %q must be a percentage from 0%% to 100%% with "+
				"at most one decimal, such as 33.3%%", cfg.Name, *text)
		}
		*to = points / 10
	}
	if n.from >= n.to {
		return nil, fmt.Errorf("namespace %s: the range from %s to %s is empty: write the smaller "+
			"one first, such as \"namespace %s 0%% 50%%\"", cfg.Name, cfg.From, cfg.To, cfg.Name)
	}
	return n, nil
}

// has reports whether a user takes part. It is GrowthBook's inNamespace: hash version 1, which is
// FNV-1a-32 over id and name, in thousandths. https://docs.growthbook.io/lib/build-your-own
func (n *namespace) has(id string) bool {
	if n == nil {
		return true
	}
	at := int(fnv1a(fnv1a(fnvOffset, id), n.suffix) % perMille)
	return n.from <= at && at < n.to
}

// whole reports whether everybody takes part.
func (n *namespace) whole() bool { return n == nil || n.to-n.from == perMille }

// width is the share of users who take part, in thousandths.
func (n *namespace) width() int {
	if n == nil {
		return perMille
	}
	return n.to - n.from
}

// overlap is the share of all users who are in both, in millionths. Namespaces of two names are
// hashed apart, and so are independent; rehashed says so of one name.
func (n *namespace) overlap(next *namespace, rehashed bool) int {
	if n == nil || next == nil || rehashed || n.name != next.name {
		return n.width() * next.width()
	}
	return max(0, min(n.to, next.to)-max(n.from, next.from)) * perMille
}

// SharesNamespace holds the experiments of two campaigns against each other. Without a namespace in
// common there is nothing to say. Different hash attributes are an error: a user could be in both
// after all. Ranges that overlap are a warning: somebody may want that.
func (c *Campaign) SharesNamespace(other *Campaign) (warning string, err error) {
	if c.split == nil || other.split == nil {
		return "", nil
	}
	a, b := c.split.namespace, other.split.namespace
	if a == nil || b == nil || a.name != b.name {
		return "", nil
	}
	mine, theirs := c.split, other.split
	if mine.attribute != theirs.attribute {
		return "", fmt.Errorf("campaign %s: experiment %s: namespace %s: hash_attribute is %s, and "+
			"in experiment %s it is %s: write the same in both, else one user can be in both",
			c.Name(), mine.key, a.name, attributeName(mine.attribute), theirs.key,
			attributeName(theirs.attribute))
	}
	if from, to := max(a.from, b.from), min(a.to, b.to); from < to {
		warning = fmt.Sprintf("experiments %s and %s share the users from %s to %s of namespace %s:"+
			" write ranges that do not overlap, or give them two namespaces",
			mine.key, theirs.key, formatPercent(10*from), formatPercent(10*to), a.name)
	}
	return warning, nil
}

// attributeName is a hash attribute for people.
func attributeName(attribute string) string {
	if attribute == "" {
		return "the default"
	}
	return attribute
}
