package linkgen

import (
	"context"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// Generator makes personal links. It is safe for concurrent use.
type Generator struct {
	// projects are by name; the default project's name is empty.
	projects map[string]*project
	// macs are keyed by what HKDF derives from Config.Key. The key itself is not kept.
	macs *macs
	// cache and state outlive the Generator; all else is of its own configuration.
	cache  Cache
	ttl    time.Duration
	limits Limits
	state  *State
	// attribute is Config.Attribute; nil means that nothing rides along.
	attribute func(o Order, subscriber SubscriberHash, random string) string
	hooks     Hooks
	// now is the clock for the age of links alone.
	now func() time.Time
}

// New checks cfg and makes a Generator. It makes no network connection.
func New(cfg Config) (*Generator, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	m, err := newMACs(cfg.Key, cfg.SubscriberKeys)
	if err != nil {
		return nil, err
	}
	g := &Generator{
		projects:  make(map[string]*project, len(cfg.Projects)),
		macs:      m,
		cache:     cfg.Cache,
		ttl:       cfg.TTL,
		limits:    cfg.Limits,
		state:     cfg.State,
		attribute: cfg.Attribute,
		hooks:     cfg.Hooks,
		now:       cfg.Now,
	}
	for _, p := range cfg.Projects {
		if g.projects[p.Name] != nil {
			return nil, fmt.Errorf("two projects are named %q; names must be unique", p.Name)
		}
		if g.projects[p.Name], err = newProject(p, m, &cfg); err != nil {
			return nil, err
		}
	}
	// A State that nobody has activated has no places: even a standby serves from it then.
	if !cfg.Standby || !cfg.State.semaphore.open() {
		g.Activate()
	}
	return g, nil
}

// Activate makes g the Generator whose MaxInFlight and Hooks hold for its State, until another one
// is activated. New does it unless Config.Standby is set. It may be called again, for example when
// a successor was given up.
func (g *Generator) Activate() {
	clients := make([]*zotlo.Client, 0, len(g.projects))
	for _, p := range g.projects {
		clients = append(clients, p.client)
	}
	zotlo.Activate(g.hooks.Hooks, clients...)
	g.state.semaphore.resize(g.limits.MaxInFlight)
}

// BreakerOpen reports whether calls of the project are paused by its circuit breaker. An unknown
// project's are not.
func (g *Generator) BreakerOpen(project string) bool {
	p, ok := g.projects[project]
	return ok && p.client.BreakerOpen()
}

// Client is the client that asks the API for a project's links, or nil if it is not configured.
func (g *Generator) Client(project string) *zotlo.Client {
	p, ok := g.projects[project]
	if !ok {
		return nil
	}
	return p.client
}

// Source says where a link came from.
type Source string

// The sources of a link.
const (
	FromCache  Source = "cache"  // an earlier call
	FromAPI    Source = "api"    // a call of our own
	FromShared Source = "shared" // another shopper's click waited for the same call
)

// Result is a personal link. It may be given to the shopper it was asked for, until ExpiresAt at
// the latest.
type Result struct {
	// URL is what the shopper's browser is sent to. It is personal: it belongs in no log.
	URL       string
	ExpiresAt time.Time // the start of the API call plus one hour
	Source    Source
}

// Link returns the personal link of a prepared order: from the cache, from a call already under
// way, or from a new call. ownHost is the request's own host, where a link must not lead. Its
// errors are *Error.
func (g *Generator) Link(ctx context.Context, p *Prepared, ownHost string) (Result, error) {
	// An order that was prepared by another Generator, before a reload, has a key made with that
	// one's secret and project. It is prepared again.
	if p.generator != g {
		p = g.Prepare(p.order)
	}
	if p.project == nil {
		return Result{}, failed(Refused, "the order names a project that is not configured")
	}
	seen := g.lookup(ctx, p, ownHost)
	if seen.Found {
		made := seen.Entry.Made
		return Result{seen.Entry.URL, made.Add(zotlo.LinkLife), FromCache}, nil
	}
	kept := *p // a call may outlive its caller; what is found needs no copy that does
	return g.wait(ctx, &kept, ownHost, seen.Epoch)
}

// lookup finds a cached link that may still be given out: by today's ttl, link hosts and own host,
// whatever they were when it was made.
func (g *Generator) lookup(ctx context.Context, p *Prepared, ownHost string) Lookup {
	// A guest's link is never cached, so there is nothing to look up.
	if p.key.Subscriber == (SubscriberHash{}) {
		return Lookup{}
	}
	// A link of someone whom the cache could not forget may be dead: none is given out, and with no
	// epoch a new one is not kept either.
	if g.state.unforgotten.count.Load() > 0 && !g.forgotten(ctx, p.key.Subscriber) {
		return Lookup{}
	}
	seen, err := g.cache.Get(ctx, p.key)
	if err != nil {
		// A shopper who left is no failure of the cache.
		if ctx.Err() == nil {
			g.hooks.cacheError(err)
		}
		return Lookup{}
	}
	if !seen.Found {
		return seen
	}
	e := &seen.Entry
	// The cache has looked at Until. Only a link that was made under a longer ttl may be older.
	tooOld := e.Until.Sub(e.Made) > g.ttl && g.now().Sub(e.Made) >= g.ttl
	seen.Found = !tooOld && checkLink(e.URL, &p.project.hosts, ownHost) == nil
	return seen
}

// Close lets go of idle connections. Calls under way go on, and their connections are closed after
// them.
func (g *Generator) Close() {
	for _, p := range g.projects {
		p.client.Close()
	}
}
