package caddymodule

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/linkgen"
)

// Project is one Zotlo project: its keys and its API address. Keys are found in Zotlo's Dashboard
// under Developer Tools. Write them as `{env.NAME}` or `{file./absolute/path}`: they are read when
// the configuration is loaded and stay out of it. The other options may be written so, too.
type Project struct {
	// AccessKey is the project's API key. Default for the default project:
	// `{env.ZOTLO_ACCESS_KEY}`.
	AccessKey string `json:"access_key,omitempty"`
	// AccessSecret is the project's API secret. Default for the default project:
	// `{env.ZOTLO_ACCESS_SECRET}`.
	AccessSecret string `json:"access_secret,omitempty"`
	// ApplicationKey is the project's Checkout SDK key. Default for the default project:
	// `{env.ZOTLO_APPLICATION_KEY}`.
	ApplicationKey string `json:"application_key,omitempty"`
	// ApplicationID is sent along when set. Zotlo uses it for analytics only.
	ApplicationID string `json:"application_id,omitempty"`
	// APIURL is Zotlo's address. Default: `https://api.zotlo.com`. It must be https; http is
	// allowed on loopback only.
	APIURL string `json:"api_url,omitempty"`
	// LinkHosts lists the hosts that a link may lead to, such as `pay.example.com` or
	// `*.example.net`. Default: any host but the site's own.
	LinkHosts []string `json:"link_hosts,omitempty"`
	// TestMode says that the project sells in Zotlo's test mode: reads ask for sandbox records, and
	// payments that webhooks mark as sandbox ones count. Danger: in production test payments would
	// count as money.
	TestMode bool `json:"test_mode,omitempty"`
}

// withDefaults names the environment variables of the default project.
func (p Project) withDefaults() Project {
	if p.AccessKey == "" {
		p.AccessKey = "{env.ZOTLO_ACCESS_KEY}"
	}
	if p.AccessSecret == "" {
		p.AccessSecret = "{env.ZOTLO_ACCESS_SECRET}"
	}
	if p.ApplicationKey == "" {
		p.ApplicationKey = "{env.ZOTLO_APPLICATION_KEY}"
	}
	return p
}

// checkKeys refuses a project that lacks a key. It looks at no value.
func (p Project) checkKeys() error {
	for _, key := range []struct{ option, text string }{
		{"access_key", p.AccessKey},
		{"access_secret", p.AccessSecret},
		{"application_key", p.ApplicationKey},
	} {
		if key.text == "" {
			return placeholder.ErrMissing(key.option)
		}
	}
	return nil
}

// resolve fills in the project's placeholders. The resolved values never go back into the
// configuration.
func (p Project) resolve(name string, log *zap.Logger) (linkgen.Project, error) {
	out, err := p.fill(log)
	if err != nil {
		return linkgen.Project{}, fmt.Errorf("%s: %w", projectTitle(name), err)
	}
	out.Name = name
	return out, nil
}

func (p Project) fill(log *zap.Logger) (out linkgen.Project, err error) {
	for _, s := range []struct {
		option, text string
		to           *string
	}{
		{"access_key", p.AccessKey, &out.AccessKey},
		{"access_secret", p.AccessSecret, &out.AccessSecret},
		{"application_key", p.ApplicationKey, &out.ApplicationKey},
	} {
		if *s.to, err = placeholder.Secret(s.option, s.text, log); err != nil {
			return out, err
		}
	}
	if out.ApplicationID, err = placeholder.Value("application_id", p.ApplicationID); err != nil {
		return out, err
	}
	if out.APIURL, err = placeholder.Value("api_url", p.APIURL); err != nil {
		return out, err
	}
	if err := out.CheckAPIURL(); err != nil {
		return out, block.Locate("api_url", p.APIURL, err)
	}
	out.LinkHosts, err = placeholder.Values("link_hosts", p.LinkHosts)
	if err != nil || len(out.LinkHosts) == 0 {
		return out, err
	}
	if err := out.CheckLinkHosts(); err != nil {
		err = placeholder.Conceal(fmt.Errorf("link_hosts: %w", err), p.LinkHosts, out.LinkHosts)
		return out, block.Locate("link_hosts", p.LinkHosts[0], err)
	}
	return out, nil
}

func projectTitle(name string) string {
	if name == "" {
		return "default project"
	}
	return "project " + name
}

// projects are the resolved projects of a configuration.
type projects struct {
	list []linkgen.Project
	// key is what cache keys, subscriber hashes and sealed values are derived from: the default,
	// else the first project's secret.
	key []byte
	// testMode is set for the projects that sell in Zotlo's test mode.
	testMode map[string]bool
	// missing says why the default project could not be resolved. It matters only to a campaign
	// that uses it.
	missing error
}

func resolveProjects(
	byDefault Project, named map[string]Project, log *zap.Logger,
) (p projects, err error) {
	p.testMode = map[string]bool{"": byDefault.TestMode}
	if resolved, err := byDefault.withDefaults().resolve("", log); err == nil {
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
		p.testMode[name] = named[name].TestMode
	}
	p.key, err = p.deriveFrom()
	return p, err
}

// deriveFrom is the secret that the configuration's keys are derived from.
func (p projects) deriveFrom() ([]byte, error) {
	if len(p.list) == 0 {
		// Nothing can be sold, so nothing needs to be found again.
		key := make([]byte, 32)
		_, _ = rand.Read(key) // crypto/rand never fails
		return key, nil
	}
	first := p.list[0]
	if len(first.AccessSecret) < linkgen.MinKey {
		return nil, fmt.Errorf("%s: access_secret has %d characters: copy it whole from Zotlo's "+
			"Dashboard; cached links are keyed with it, so it needs at least %d",
			projectTitle(first.Name), len(first.AccessSecret), linkgen.MinKey)
	}
	return []byte(first.AccessSecret), nil
}

// warnAboutKey says, when a reload derives keys from another secret than the running configuration,
// what that costs. It shows names of projects, never a secret.
func (p projects) warnAboutKey(running projects, log *zap.Logger) {
	if len(p.list) == 0 || len(running.list) == 0 || bytes.Equal(p.key, running.key) {
		return
	}
	log.Warn("this reload derives its keys from another access_secret, so cached links become "+
		"unreadable: they are made anew at the next click; what the ledger knows stays readable "+
		"where its secret lists the old access_secret",
		zap.String("from", metrics.Project(running.list[0].Name)),
		zap.String("to", metrics.Project(p.list[0].Name)))
}

// checkProjectName refuses the name under which log and metrics show the project that has none.
func checkProjectName(name string) error {
	switch name {
	case "":
		return errors.New("project: a name is missing: write `project <name> {`")
	case metrics.Project(""):
		return fmt.Errorf("project %s: that is the name of the project without one: choose "+
			"another, "+
			"or write its options outside of the block", name)
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
	return errUnknownProject(name)
}

func errUnknownProject(name string) error {
	return fmt.Errorf(
		"project %q is not defined: write `project %s {` in the global checkout option", name, name)
}
