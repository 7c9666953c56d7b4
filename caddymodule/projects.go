package caddymodule

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/linkgen"
)

// projects are the resolved projects of a configuration.
type projects struct {
	list []linkgen.Project
	// key is what cache keys, subscriber hashes and sealed values are derived from: the default, else the first project's secret.
	key []byte
	// missing says why the default project could not be resolved. It matters only to a campaign that uses it.
	missing error
}

func resolveProjects(def Project, named map[string]Project, log *zap.Logger) (projects, error) {
	var p projects
	if resolved, err := def.withDefaults().resolve("", log); err == nil {
		p.list = append(p.list, resolved)
	} else {
		p.missing = err
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if err := checkProjectName(name); err != nil {
			return p, err
		}
		resolved, err := named[name].resolve(name, log)
		if err != nil {
			return p, err
		}
		p.list = append(p.list, resolved)
	}
	if len(p.list) > 0 {
		first := p.list[0]
		p.key = []byte(first.AccessSecret)
		if len(p.key) < linkgen.MinKey {
			return p, fmt.Errorf("%s: access_secret has %d characters: copy it whole from Zotlo's Dashboard; cached links are keyed with it, so it needs at least %d",
				projectTitle(first.Name), len(p.key), linkgen.MinKey)
		}
	} else {
		// Nothing can be sold, so nothing needs to be found again.
		p.key = make([]byte, 32)
		_, _ = rand.Read(p.key) // crypto/rand never fails
	}
	return p, nil
}

// checkProjectName refuses the name under which log and metrics show the project that has none.
func checkProjectName(name string) error {
	switch name {
	case "":
		return errors.New("project: a name is missing: write `project <name> {`")
	case projectLabel(""):
		return fmt.Errorf("project %s: that is the name of the project without one: choose another, or write its words outside of the block", name)
	}
	return nil
}

// any reports why there is no project at all, if there is none.
func (p projects) any() error {
	if len(p.list) == 0 {
		return p.missing
	}
	return nil
}

// check says why a campaign cannot use the project of that name.
func (p projects) check(name string) error {
	if slices.ContainsFunc(p.list, func(known linkgen.Project) bool { return known.Name == name }) {
		return nil
	}
	if name == "" {
		return p.missing
	}
	return fmt.Errorf("project %q is not defined: write `project %s {` in the global checkout option", name, name)
}
