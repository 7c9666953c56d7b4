package zotlo

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// defaultAPI is the address of Zotlo's API, from the page "API Introduction" of its reference.
const defaultAPI = "https://api.zotlo.com"

// Project is one Zotlo project: its keys and its API address.
type Project struct {
	Name           string // empty for the default project
	AccessKey      string
	AccessSecret   string
	ApplicationKey string
	ApplicationID  string // optional
	APIURL         string // https, or http on loopback; empty means https://api.zotlo.com
}

// Title names the project in errors. It holds no key.
func (p Project) Title() string {
	if p.Name == "" {
		return "default project"
	}
	return "project " + p.Name
}

// Check says what is wrong with the project. The error names the option and where its value is
// found; it never quotes a key.
func (p Project) Check() error {
	for _, key := range []struct{ option, value string }{
		{"access_key", p.AccessKey},
		{"access_secret", p.AccessSecret},
		{"application_key", p.ApplicationKey},
	} {
		if key.value == "" {
			return fmt.Errorf("%s has no %s; the Zotlo Dashboard shows it under Developer Tools",
				p.Title(), key.option)
		}
		// Such a key comes from a careless copy. Found later, it would cost the first sale.
		if strings.ContainsFunc(key.value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return fmt.Errorf("%s: %s holds a blank or a control character; write it without",
				p.Title(), key.option)
		}
	}
	if err := p.CheckAPIURL(); err != nil {
		return fmt.Errorf("%s: %w", p.Title(), err)
	}
	return nil
}

// CheckAPIURL says what is wrong with APIURL. The secret travels there, so it must be https; plain
// http is for a stand-in on this machine.
func (p Project) CheckAPIURL() error {
	if p.APIURL == "" {
		return nil
	}
	u, err := url.Parse(p.APIURL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("api_url is no plain address; write for example " + defaultAPI)
	}
	// On loopback nobody can listen in, and tests need no certificate.
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return errors.New("api_url must begin with https:// (http:// only on loopback), " +
			"since the access secret travels there")
	}
	return nil
}

// API is the address of the project's API, without a slash at its end.
func (p Project) API() string {
	if p.APIURL == "" {
		return defaultAPI
	}
	return strings.TrimRight(p.APIURL, "/")
}

// StandIn reports whether the API is a plain http stand-in on this machine, as no real one is.
func (p Project) StandIn() bool { return strings.HasPrefix(p.API(), "http://") }

// loopback reports whether host is this machine, by its name or its number. Other names are not
// resolved: what they mean may change between two looks.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
