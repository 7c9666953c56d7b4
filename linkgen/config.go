package linkgen

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

const (
	defaultTTL = 5 * time.Minute
	maxTTL     = 55 * time.Minute
)

// MinKey is the least length of Config.Key, in bytes.
const MinKey = 16

// Project is one Zotlo project: its keys and its API address.
type Project struct {
	Name           string // empty for the default project
	AccessKey      string
	AccessSecret   string
	ApplicationKey string
	ApplicationID  string   // optional
	APIURL         string   // https, or http on loopback; empty means https://api.zotlo.com
	LinkHosts      []string // optional allow-list for the links Zotlo answers: exact hosts or *.example.net, with a port unless it is 443
}

// Config configures a Generator.
type Config struct {
	// Projects are the projects that an Order may name. At least one.
	Projects []Project
	// Key is the secret from which cache keys and subscriber hashes are derived (by HKDF). At least 16 bytes.
	Key []byte
	// Cache keeps links. Required.
	Cache Cache
	// TTL is how long a link is given out, from the start of the API call that made it. Default 5 min, at most 55 min.
	TTL time.Duration
	// Limits bound what the generator asks of the API.
	Limits Limits
	// State is what outlives a Generator. Nil means a new one.
	State *State
	// Standby makes New leave State as it is: another Generator serves from it, and this one may never come to. Activate ends it.
	Standby bool
	// Transport carries API calls. Nil means NewTransport(), with idle connections for Limits.MaxInFlight.
	Transport http.RoundTripper
	// Attribute writes what rides in customParameters.checkout and comes back with the payment. It is
	// called once per API call, with a random text of its own; subscriber is zero for a guest. Nil
	// means that nothing rides along.
	Attribute func(o Order, subscriber SubscriberHash, random string) string
	// Hooks observe. All are optional and must be quick and safe for concurrent use.
	Hooks Hooks
	// Now is the clock by which links grow old. Nil means time.Now. Waiting, pauses and limits go by the process's clock.
	Now func() time.Time
}

// project is a Project made ready.
type project struct {
	Project
	fingerprint [32]byte
	endpoint    string
	hosts       linkHosts
	up          *upstream
}

func (cfg *Config) setDefaults() (err error) {
	if cfg.TTL == 0 {
		cfg.TTL = defaultTTL
	}
	if cfg.State == nil {
		cfg.State = NewState()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Limits, err = cfg.Limits.withDefaults(); err != nil {
		return err
	}
	if cfg.Transport == nil {
		t := NewTransport()
		t.MaxIdleConnsPerHost = cfg.Limits.MaxInFlight
		cfg.Transport = t
	}
	switch {
	case len(cfg.Projects) == 0:
		return errors.New("no project; give at least one with its keys")
	case len(cfg.Key) < MinKey:
		return fmt.Errorf("the key has %d bytes; give at least %d", len(cfg.Key), MinKey)
	case cfg.Cache == nil:
		return errors.New("no cache; give memorycache.New for one in this process")
	case cfg.TTL < 0 || cfg.TTL > maxTTL:
		return fmt.Errorf("a ttl of %s: write at most %s, since Zotlo's links live one hour and a shopper needs time to pay", cfg.TTL, maxTTL)
	}
	return nil
}

func newProject(p Project, m *mac, s *State) (*project, error) {
	for word, value := range map[string]string{
		"access_key": p.AccessKey, "access_secret": p.AccessSecret, "application_key": p.ApplicationKey,
	} {
		if value == "" {
			return nil, fmt.Errorf("%s has no %s; the Zotlo Dashboard shows it under Developer Tools", p.title(), word)
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return nil, fmt.Errorf("%s: %s holds a blank or a control character; write it without", p.title(), word)
		}
	}
	api, err := apiAddress(p.APIURL)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.title(), err)
	}
	hosts, err := newLinkHosts(p.LinkHosts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.title(), err)
	}
	hosts.plain = strings.HasPrefix(api, "http://") // apiAddress allows that on loopback only
	return &project{
		Project:     p,
		fingerprint: m.fingerprint(p, api),
		endpoint:    api + endpointPath,
		hosts:       hosts,
		up:          s.upstream(api, p),
	}, nil
}

// title names the project in errors.
func (p Project) title() string {
	if p.Name == "" {
		return "default project"
	}
	return "project " + p.Name
}

// CheckAPIURL reports what is wrong with a Project's APIURL.
func CheckAPIURL(address string) error {
	_, err := apiAddress(address)
	return err
}

// apiAddress checks an API address and returns it without a slash at its end. The secret travels there, so it must be
// https; plain http is for a stand-in on this machine.
func apiAddress(address string) (string, error) {
	if address == "" {
		return defaultAPI, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("api_url is no plain address; write for example " + defaultAPI)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", errors.New("api_url must begin with https:// (http:// only on loopback), since the access secret travels there")
	}
	return strings.TrimRight(address, "/"), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
