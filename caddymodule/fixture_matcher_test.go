package caddymodule_test

import (
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func init() { caddy.RegisterModule(brokenMatcher{}) }

// brokenMatcher is a plugin of somebody else's that panics, or fails.
type brokenMatcher struct {
	Fails bool `json:"fails,omitempty"`
}

func (brokenMatcher) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.matchers.broken",
		New: func() caddy.Module { return new(brokenMatcher) },
	}
}

func (b *brokenMatcher) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	b.Fails = d.NextArg()
	return nil
}

func (b *brokenMatcher) MatchWithError(*http.Request) (bool, error) {
	if b.Fails {
		return false, fmt.Errorf("the matcher of a plugin failed")
	}
	panic("secret.person@example.com")
}

// brokenServer has a campaign behind brokenMatcher; how is empty, or lets the matcher fail.
func brokenServer(how, directive string) string {
	return serverWith(`
		campaign pro {
			link_id 1
			match {
				broken `+how+`
			}
		}`, directive)
}
