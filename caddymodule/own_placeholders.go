package caddymodule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/campaign"
)

// visitWords are the placeholders of a visit that have no further part. The others begin with claim. or override.
var visitWords = []string{"campaign", "currency", "experiment", "outcome", "price", "return_to", "variant"}

// checkOwn refuses a placeholder of ours that does not exist: it would be empty for everybody, and nobody would be told.
func checkOwn(key string) error {
	name, ours := strings.CutPrefix(key, placeholderPrefix)
	if !ours || slices.Contains(visitWords, name) {
		return nil
	}
	for _, family := range [...]string{"claim.", "override."} {
		if len(name) > len(family) && strings.HasPrefix(name, family) {
			return nil
		}
	}
	return fmt.Errorf("{%s} does not exist: after http.checkout. may stand claim.<path>, override.<word>, %s", key, strings.Join(visitWords, ", "))
}

// parseWord is parseTemplate for what is filled in at each request.
func parseWord(text string) ([]campaign.Part, error) {
	tmpl, err := parseTemplate(text)
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

var ownPlaceholder = regexp.MustCompile(`\{(http\.checkout\.[^{}\s"]*)\}`)

// checkMatchers is checkOwn for matchers, whose own texts only they can read.
func checkMatchers(sets []caddy.ModuleMap) error {
	for _, set := range sets {
		for _, raw := range set {
			for _, found := range ownPlaceholder.FindAllSubmatch(raw, -1) {
				if err := checkOwn(string(found[1])); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
