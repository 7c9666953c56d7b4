package placeholder

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/campaign"
)

// Ours begins the placeholders of this module.
const Ours = "http.checkout."

// names are our placeholders that have no further part. The others begin with claim. or override.
var names = []string{
	"campaign", "currency", "experiment", "outcome", "price", "return_to", "variant",
}

// IsName reports whether name, without Ours before it, is a placeholder that has no further part.
func IsName(name string) bool { return slices.Contains(names, name) }

// checkOwn refuses a placeholder of ours that does not exist: it would be empty for everybody, and
// nobody would be told.
func checkOwn(key string) error {
	name, ours := strings.CutPrefix(key, Ours)
	if !ours || IsName(name) {
		return nil
	}
	for _, family := range [...]string{"claim.", "override."} {
		if len(name) > len(family) && strings.HasPrefix(name, family) {
			return nil
		}
	}
	return fmt.Errorf("{%s} does not exist: after http.checkout. may stand claim.<path>, "+
		"override.<word>, %s",
		key, strings.Join(names, ", "))
}

// ParseForRequest is Parse for what is filled in at each request.
func ParseForRequest(text string) ([]campaign.Part, error) {
	tmpl, err := Parse(text)
	if err != nil {
		return nil, err
	}
	for _, part := range tmpl {
		if err := checkOwn(part.Key); err != nil {
			return nil, err
		}
	}
	return tmpl, nil
}

var own = regexp.MustCompile(`\{(http\.checkout\.[^{}\s"]*)\}`)

// CheckMatchers refuses matchers that hold a placeholder of ours which does not exist. Only the
// matchers can read their own texts, so it is looked for in their JSON.
func CheckMatchers(sets []caddy.ModuleMap) error {
	for _, set := range sets {
		for _, raw := range set {
			for _, found := range own.FindAllSubmatch(raw, -1) {
				if err := checkOwn(string(found[1])); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
