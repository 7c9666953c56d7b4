package matchers

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// answers is a matcher with a module's name that accepts, refuses or fails.
type answers struct {
	name string
	ok   bool
	err  error
}

func (a answers) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: caddy.ModuleID("http.matchers." + a.name)}
}

func (a answers) MatchWithError(*http.Request) (bool, error) { return a.ok, a.err }

// older is a matcher of the interface that cannot fail, and has no name.
type older bool

func (o older) Match(*http.Request) bool { return bool(o) }

func TestExplain(t *testing.T) {
	yes, no := answers{"path", true, nil}, answers{"method", false, nil}
	failed := answers{"expression", true, errors.New("no such key")}
	const source = `{"match":[{"path":["/a"],"method":["PUT"]},{"expression":"x"}]}`
	for name, tt := range map[string]struct {
		sets   caddyhttp.MatcherSets
		source string
		want   string
	}{
		"no matchers": {nil, source, "takes every request"},
		"an empty block": {
			caddyhttp.MatcherSets{{}},
			source,
			"match block 1 of 1 accepts",
		},
		"the second block": {
			caddyhttp.MatcherSets{{yes, no}, {yes}},
			source,
			"match block 2 of 2 accepts",
		},
		"only those that refuse, by name": {
			caddyhttp.MatcherSets{{answers{"path", false, nil}, no}, {no}},
			source,
			`match block 1 of 2: method ["PUT"] refuses, path ["/a"] refuses; ` +
				`match block 2 of 2: method refuses`,
		},
		"one that fails accepts nothing": {
			caddyhttp.MatcherSets{{failed}},
			source,
			"match block 1 of 1: expression failed: no such key",
		},
		"an older matcher": {
			caddyhttp.MatcherSets{{older(false)}},
			source,
			"match block 1 of 1: matchers.older refuses",
		},
		"an older matcher that accepts": {
			caddyhttp.MatcherSets{{older(true)}},
			source,
			"match block 1 of 1 accepts",
		},
		"no matcher at all": {
			caddyhttp.MatcherSets{{"text"}},
			source,
			"match block 1 of 1: string failed: no request matcher",
		},
		"without its configuration": {
			caddyhttp.MatcherSets{{no}},
			`null`,
			"match block 1 of 1: method refuses",
		},
	} {
		r := httptest.NewRequest(http.MethodGet, "/a", nil)
		if got := Explain(tt.sets, []byte(tt.source), r); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
