package caddymodule

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/linkgen"
)

// Project is one Zotlo project: its keys and its API address. Keys are found in Zotlo's Dashboard under Developer Tools.
// Write them as `{env.NAME}` or `{file./absolute/path}`: they are read when the configuration is loaded and stay out of it.
// The other words may be written so, too.
type Project struct {
	// AccessKey is the project's API key. Default for the default project: `{env.ZOTLO_ACCESS_KEY}`.
	AccessKey string `json:"access_key,omitempty"`
	// AccessSecret is the project's API secret. Default for the default project: `{env.ZOTLO_ACCESS_SECRET}`.
	AccessSecret string `json:"access_secret,omitempty"`
	// ApplicationKey is the project's Checkout SDK key. Default for the default project: `{env.ZOTLO_APPLICATION_KEY}`.
	ApplicationKey string `json:"application_key,omitempty"`
	// ApplicationID is sent along when set. Zotlo uses it for analytics only.
	ApplicationID string `json:"application_id,omitempty"`
	// APIURL is Zotlo's address. Default: `https://api.zotlo.com`. It must be https; http is allowed on loopback only.
	APIURL string `json:"api_url,omitempty"`
	// LinkHosts lists the hosts that a link may lead to, such as `pay.example.com` or `*.example.net`. Default: any host but the site's own.
	LinkHosts []string `json:"link_hosts,omitempty"`
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

// resolve fills in the project's placeholders. The resolved values never go back into the configuration.
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
		word, text string
		to         *string
	}{
		{"access_key", p.AccessKey, &out.AccessKey},
		{"access_secret", p.AccessSecret, &out.AccessSecret},
		{"application_key", p.ApplicationKey, &out.ApplicationKey},
	} {
		if *s.to, err = resolveSecret(s.word, s.text, log); err != nil {
			return out, err
		}
	}
	if out.ApplicationID, err = resolve("application_id", p.ApplicationID); err != nil {
		return out, err
	}
	if out.APIURL, err = resolve("api_url", p.APIURL); err != nil {
		return out, err
	}
	if err := linkgen.CheckAPIURL(out.APIURL); err != nil {
		return out, secretPlaces.locate("api_url", p.APIURL, err)
	}
	if out.LinkHosts, err = resolveAll("link_hosts", p.LinkHosts); err != nil || len(out.LinkHosts) == 0 {
		return out, err
	}
	if err := linkgen.CheckLinkHosts(out.LinkHosts); err != nil {
		err = conceal(fmt.Errorf("link_hosts: %w", err), p.LinkHosts, out.LinkHosts)
		return out, secretPlaces.locate("link_hosts", p.LinkHosts[0], err)
	}
	return out, nil
}

func projectTitle(name string) string {
	if name == "" {
		return "default project"
	}
	return "project " + name
}
