package caddymodule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/campaign"
)

// rules adds to each campaign tried what its matchers say. Those behind the chosen one are asked too: an operator who wonders why
// a campaign did not win wants to know whether it could have.
func (v *visit) rules(list []*entry, steps []campaign.Step) []campaign.Step {
	for i := range steps {
		step := &steps[i]
		switch step.Result {
		case "chosen":
			step.Detail = v.matching(list[i])
		case "no match":
			step.Detail = v.matching(list[i])
		case "not reached":
			if state := list[i].State(v.now); state != "active" {
				step.Detail = "and is " + state
			} else {
				step.Detail = "but " + v.matching(list[i])
			}
		}
	}
	return steps
}

// matching says which block of matchers accepts the request, or what each refuses.
func (v *visit) matching(e *entry) string {
	if len(e.matchers) == 0 {
		return "takes every request"
	}
	written := writtenMatchers(e.source)
	var refusals []string
	for i, set := range e.matchers {
		refused := v.refusals(set, written, i)
		if len(refused) == 0 {
			return fmt.Sprintf("match block %d of %d accepts", i+1, len(e.matchers))
		}
		refusals = append(refusals, fmt.Sprintf("match block %d of %d: %s", i+1, len(e.matchers), strings.Join(refused, ", ")))
	}
	return strings.Join(refusals, "; ")
}

// refusals names the matchers of one block that do not accept the request, by name.
func (v *visit) refusals(set caddyhttp.MatcherSet, written []map[string]json.RawMessage, block int) []string {
	var refused []string
	for _, matcher := range set {
		ok, err := accepts(matcher, v)
		if ok && err == nil {
			continue
		}
		name := typeName(matcher)
		if module, is := matcher.(caddy.Module); is {
			name = module.CaddyModule().ID.Name()
		}
		if block < len(written) && written[block][name] != nil {
			name += " " + string(written[block][name])
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

func accepts(matcher any, v *visit) (bool, error) {
	switch m := matcher.(type) {
	case caddyhttp.RequestMatcherWithError:
		return m.MatchWithError(v.r)
	case caddyhttp.RequestMatcher: //nolint:staticcheck // plugins still implement it
		return m.Match(v.r), nil
	}
	return false, fmt.Errorf("no request matcher")
}

// writtenMatchers are a campaign's matchers as its configuration has them: Caddy wipes them once they are loaded.
func writtenMatchers(source []byte) []map[string]json.RawMessage {
	var written struct {
		Match []map[string]json.RawMessage `json:"match"`
	}
	_ = json.Unmarshal(source, &written) // we marshalled it; without it the names must do
	return written.Match
}
