package caddymodule

import (
	"slices"
	"sync"

	"go.uber.org/zap"
)

// liveApps are the apps that run, the newest last. The admin API and the events of a reload read it: a pointer kept from
// Provision would still be the rejected app's after a reload that failed.
var liveApps appList

type appList struct {
	mu   sync.Mutex
	list []*App
}

func (l *appList) add(a *App) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, a)
}

// remove forgets an app, and reports whether it was in the list: one that never ran is not.
func (l *appList) remove(a *App) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.list)
	l.list = slices.DeleteFunc(l.list, func(other *App) bool { return other == a })
	return len(l.list) < before
}

// newest is the app that serves, or nil.
func (l *appList) newest() *App {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == 0 {
		return nil
	}
	return l.list[len(l.list)-1]
}

// warnAboutMoves says, when a reload gives users another variant than the running configuration, how many percent it moves.
func (a *App) warnAboutMoves(running *App) {
	if running == nil {
		return
	}
	for name, e := range a.registry.byName {
		key, _ := e.Ranges()
		if key == "" {
			continue
		}
		before := running.registry.running(key)
		if before == nil {
			continue
		}
		if moved := before.Moved(e.Campaign); moved > 0 {
			a.log.Warn("this reload moves users between variants of a running experiment: what was counted so far is not comparable; use another experiment key",
				zap.String("campaign", name), zap.String("experiment", key), zap.Float64("percent_of_users", float64(moved)/100))
		}
	}
}

// running is the campaign that runs an experiment, or nil.
func (r registry) running(experiment string) *entry {
	return r.byName[r.experiments[experiment]]
}
