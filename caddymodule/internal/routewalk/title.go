package routewalk

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Title names a handler as its line of the Caddyfile does, by directive and matcher:
// `checkout_link /upgrade`. Matchers that are no path stand in their JSON form.
func (m Meeting) Title() string {
	sets := make([]string, len(m.Route.MatcherSets))
	for i, set := range m.Route.MatcherSets {
		sets[i] = setTitle(set)
	}
	return strings.TrimSpace(Name(m.Handler) + " " + strings.Join(sets, " or "))
}

// Titles are the titles of all handlers that are looked for, sorted, each once.
func Titles(app *caddyhttp.App, ours func(caddyhttp.MiddlewareHandler) bool) (list []string) {
	for _, server := range app.Servers {
		Each(server, func(m Meeting) {
			if ours(m.Handler) {
				list = append(list, m.Title())
			}
		})
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func setTitle(set caddyhttp.MatcherSet) string {
	if len(set) == 1 {
		if path, ok := set[0].(*caddyhttp.MatchPath); ok && len(*path) == 1 {
			return (*path)[0]
		}
	}
	byName := make(map[string]string)
	for _, matcher := range set {
		module, ok := matcher.(caddy.Module)
		if !ok {
			continue
		}
		name := module.CaddyModule().ID.Name()
		byName[name] = name
		// What a matcher loaded is gone from its JSON, and then nothing is left to tell.
		text, err := json.Marshal(matcher)
		if err == nil && string(text) != "{}" && string(text) != "null" && string(text) != "[]" {
			byName[name] += " " + string(text)
		}
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		texts = append(texts, byName[name])
	}
	return strings.Join(texts, " and ")
}
