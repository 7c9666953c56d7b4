package linkgen

import "github.com/sony/gobreaker/v2"

// Activate makes g the Generator whose MaxInFlight and Hooks hold for its State, until another one takes over. New does it
// unless Config.Standby is set. It may be called again, for example when a successor was given up.
func (g *Generator) Activate() {
	watches := make(map[*upstream]*watch)
	for _, p := range g.projects {
		if watches[p.up] == nil {
			watches[p.up] = &watch{hooks: g.hooks}
		}
		watches[p.up].names = append(watches[p.up].names, p.Name)
	}
	for up, w := range watches {
		up.watch.Store(w)
	}
	g.state.line.resize(g.limits.MaxInFlight)
}

// BreakerOpen reports whether calls of the project are paused by its circuit breaker. An unknown project's are not.
func (g *Generator) BreakerOpen(project string) bool {
	p, ok := g.projects[project]
	return ok && p.up.breaker.State() != gobreaker.StateClosed
}
