// Package matchers says for the operator what a campaign's request matchers make of a request.
package matchers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Explain says which block of matchers accepts the request, or what each refuses. source is the
// campaign's configuration as JSON: Caddy wipes matchers once they are loaded.
func Explain(sets caddyhttp.MatcherSets, source []byte, r *http.Request) string {
	if len(sets) == 0 {
		return "takes every request"
	}
	var written struct {
		Match []map[string]json.RawMessage `json:"match"`
	}
	_ = json.Unmarshal(source, &written) // we marshalled it; without it the names must do
	var refusals []string
	for i, set := range sets {
		var options map[string]json.RawMessage
		if i < len(written.Match) {
			options = written.Match[i]
		}
		refused := refusalsOf(set, options, r)
		if len(refused) == 0 {
			return fmt.Sprintf("match block %d of %d accepts", i+1, len(sets))
		}
		refusals = append(refusals,
			fmt.Sprintf("match block %d of %d: %s", i+1, len(sets), strings.Join(refused, ", ")))
	}
	return strings.Join(refusals, "; ")
}

// refusalsOf names the matchers of one block that do not accept the request, by name.
func refusalsOf(
	set caddyhttp.MatcherSet, options map[string]json.RawMessage, r *http.Request,
) (refused []string) {
	for _, matcher := range set {
		ok, err := accepts(matcher, r)
		if ok && err == nil {
			continue
		}
		name := fmt.Sprintf("%T", matcher)
		if module, is := matcher.(caddy.Module); is {
			name = module.CaddyModule().ID.Name()
		}
		if option := options[name]; option != nil {
			name += " " + string(option)
		}
		if err != nil {
			refused = append(refused, name+" failed: "+err.Error())
		} else {
			refused = append(refused, name+" refuses")
		}
	}
	slices.Sort(refused)
	return refused
}

func accepts(matcher any, r *http.Request) (bool, error) {
	switch m := matcher.(type) {
	case caddyhttp.RequestMatcherWithError:
		return m.MatchWithError(r)
	case caddyhttp.RequestMatcher: //nolint:staticcheck // plugins still implement it
		return m.Match(r), nil
	}
	return false, errors.New("no request matcher")
}
