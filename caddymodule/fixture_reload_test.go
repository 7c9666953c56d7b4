package caddymodule_test

import (
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

// reload gives the running Caddy another Caddyfile, and returns once nobody answers by the one
// before.
func (srv *server) reload(config string) error {
	srv.t.Helper()
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	adapted, warnings, err := adapter.Adapt([]byte(config), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err
	}
	if len(warnings) > 0 {
		srv.t.Logf("warnings: %v", warnings)
	}
	before := accepting()
	if err := caddy.Load(adapted, true); err != nil {
		return err
	}
	isOld := func(name string) bool { return slices.Contains(before, name) }
	for slices.ContainsFunc(accepting(), isOld) {
		runtime.Gosched()
	}
	return nil
}

// accepting are the goroutines in which Caddy's servers take connections. Caddy does not wait for
// them when it replaces a server: one that has begun to take a connection takes the next one that
// comes, and closes it unread or answers it by the old configuration.
func accepting() (names []string) {
	var stacks strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2) // as a panic writes them
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "\nnet/http.(*Server).Serve(") &&
			strings.Contains(stack, "\ncreated by github.com/caddyserver/caddy/v2") {
			name, _, _ := strings.Cut(stack, " [")
			names = append(names, name)
		}
	}
	return names
}
