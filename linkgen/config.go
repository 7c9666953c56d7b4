package linkgen

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

const (
	// defaultTTL is the time for which a link is given out where a Config does not say.
	defaultTTL = 5 * time.Minute
	// maxTTL leaves the shopper five minutes to pay with a link of the hour that Zotlo keeps it.
	maxTTL = 55 * time.Minute
)

// MinKey is the least length of Config.Key, in bytes.
const MinKey = 16

// Project is one Zotlo project, and where its links may lead.
type Project struct {
	zotlo.Project
	// LinkHosts is an optional allow-list for the links Zotlo answers: exact hosts or
	// *.example.net, with a port unless it is 443.
	LinkHosts []string
}

// CheckLinkHosts says what is wrong with LinkHosts, so that a configuration can be refused before
// any Generator is made. Its error quotes the entry.
func (p Project) CheckLinkHosts() error {
	_, err := newLinkHosts(p.LinkHosts)
	return err
}

// Config configures a Generator.
type Config struct {
	// Projects are the projects that an Order may name. At least one.
	Projects []Project
	// Key is the secret from which cache keys are derived (by HKDF). At least MinKey bytes.
	Key []byte
	// SubscriberKeys are the secrets from which subscriber hashes are derived. The first one hashes;
	// what was hashed under the others is still found, by FormerHashes. Default: Key.
	SubscriberKeys [][]byte
	// Cache keeps links. Required.
	Cache Cache
	// TTL is how long a link is given out, from the start of the API call that made it. Default
	// 5 min, at most 55 min.
	TTL time.Duration
	// Limits bound what the generator asks of the API.
	Limits Limits
	// Pacer shares Limits.Rate and pauses with other processes; a rediscache.Cache is one. Nil means
	// that this process counts alone. Its failures are told to Hooks.CacheError.
	Pacer zotlo.Pacer
	// State is what outlives a Generator. Nil means a new one.
	State *State
	// Standby makes New leave State as it is: another Generator serves from it, and this one may
	// never come to. Activate ends it.
	Standby bool
	// Transport carries API calls. Nil means zotlo.NewTransport(), with idle connections for
	// Limits.MaxInFlight.
	Transport http.RoundTripper
	// Attribute writes what rides in customParameters.checkout and comes back with the payment. It
	// is called once per API call, with a random text of its own; subscriber is zero for a guest.
	// Nil means that nothing rides along.
	Attribute func(o Order, subscriber SubscriberHash, random string) string
	// Hooks observe. All are optional and must be quick and safe for concurrent use.
	Hooks Hooks
	// Now is the clock by which links grow old. Nil means time.Now. Waiting, pauses and limits go
	// by the process's clock.
	Now func() time.Time
}

// setDefaults completes and checks cfg.
func (cfg *Config) setDefaults() error {
	if cfg.TTL == 0 {
		cfg.TTL = defaultTTL
	}
	if cfg.State == nil {
		cfg.State = NewState()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := cfg.Limits.Check(); err != nil {
		return err
	}
	cfg.Limits = cfg.Limits.withDefaults()
	if len(cfg.SubscriberKeys) == 0 {
		cfg.SubscriberKeys = [][]byte{cfg.Key}
	}
	if cfg.Transport == nil {
		t := zotlo.NewTransport()
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
		return fmt.Errorf("a ttl of %s: write at most %s, since Zotlo's links live one hour and "+
			"a shopper needs time to pay", cfg.TTL, maxTTL)
	}
	return nil
}

// project is a Project made ready.
type project struct {
	// fingerprint is in the key of each of its links.
	fingerprint [32]byte
	// hosts are where its links may lead.
	hosts linkHosts
	// client carries its calls, with retry, breaker and pauses.
	client *zotlo.Client
}

// newProject checks a Project and makes its client. It makes no connection.
func newProject(p Project, m *macs, cfg *Config) (*project, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	hosts, err := newLinkHosts(p.LinkHosts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Title(), err)
	}
	hosts.plain = p.StandIn()
	made := &project{fingerprint: m.fingerprint(p.Project), hosts: hosts}
	hooks := cfg.Hooks.Hooks
	if hooks.PacerError == nil {
		hooks.PacerError = cfg.Hooks.CacheError
	}
	made.client, err = zotlo.NewClient(zotlo.Config{
		Project: p.Project, Timeout: cfg.Limits.Timeout, Rate: cfg.Limits.Rate, Pacer: cfg.Pacer,
		State: cfg.State.api, Transport: cfg.Transport, Hooks: hooks, Now: cfg.Now,
		CheckLink: func(link string) error { return checkLink(link, &made.hosts, "") },
	})
	return made, err
}
