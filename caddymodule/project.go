package caddymodule

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/linkgen"
)

// Project is one Zotlo project: its keys and its API address. Keys are found in Zotlo's Dashboard under Developer Tools.
// Write them as `{env.NAME}` or `{file./absolute/path}`: they are read when the configuration is loaded and stay out of it.
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

// resolve reads the project's secrets. The resolved values never go back into the configuration.
func (p Project) resolve(name string, log *zap.Logger) (linkgen.Project, error) {
	out := linkgen.Project{Name: name, ApplicationID: p.ApplicationID, APIURL: p.APIURL, LinkHosts: p.LinkHosts}
	for _, s := range []struct {
		word, text string
		to         *string
	}{
		{"access_key", p.AccessKey, &out.AccessKey},
		{"access_secret", p.AccessSecret, &out.AccessSecret},
		{"application_key", p.ApplicationKey, &out.ApplicationKey},
	} {
		value, err := resolveSecret(s.word, s.text, log)
		if err != nil {
			return linkgen.Project{}, fmt.Errorf("%s: %w", projectTitle(name), err)
		}
		*s.to = value
	}
	return out, nil
}

func projectTitle(name string) string {
	if name == "" {
		return "default project"
	}
	return "project " + name
}
