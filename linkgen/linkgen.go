package linkgen

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Generator makes personal links. It is safe for concurrent use.
type Generator struct {
	projects  map[string]*project
	macs      *macs
	cache     Cache
	ttl       time.Duration
	limits    Limits
	state     *State
	transport http.RoundTripper
	attribute func(Order, SubscriberHash, string) string
	hooks     Hooks
	now       func() time.Time
	closed    atomic.Bool
}

// New checks cfg and makes a Generator. It makes no network connection.
func New(cfg Config) (*Generator, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	m, err := newMACs(cfg.Key)
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
		transport: cfg.Transport,
		attribute: cfg.Attribute,
		hooks:     cfg.Hooks,
		now:       cfg.Now,
	}
	for _, p := range cfg.Projects {
		if g.projects[p.Name] != nil {
			return nil, fmt.Errorf("two projects are named %q; names must be unique", p.Name)
		}
		if g.projects[p.Name], err = newProject(p, m.get(), cfg.State); err != nil {
			return nil, err
		}
	}
	if !cfg.Standby || !cfg.State.line.open() {
		g.Activate()
	}
	return g, nil
}

// Source says where a link came from.
type Source string

// The sources of a link.
const (
	FromCache  Source = "cache"  // an earlier call
	FromAPI    Source = "api"    // a call of our own
	FromShared Source = "shared" // another shopper's click waited for the same call
)

// Result is a personal link.
type Result struct {
	URL       string
	ExpiresAt time.Time // the start of the API call plus one hour
	Source    Source
}

func newResult(e Entry, s Source) Result {
	return Result{URL: e.URL, ExpiresAt: e.Made.Add(linkLife), Source: s}
}

// Link returns the personal link for o: from the cache, from a call already under way, or from a new call.
// Its errors are *Error.
func (g *Generator) Link(ctx context.Context, o Order) (Result, error) {
	return g.LinkKeyed(ctx, o, g.Key(o))
}

// LinkKeyed is Link for a caller who kept the result of Key(o). A key of another order would give its shopper somebody
// else's link.
func (g *Generator) LinkKeyed(ctx context.Context, o Order, k Key) (Result, error) {
	p, ok := g.projects[o.Project]
	if !ok {
		return Result{}, failed(Refused, "the order names a project that is not configured")
	}
	seen := g.lookup(ctx, p, &o, k)
	if seen.Found {
		return newResult(seen.Entry, FromCache), nil
	}
	return g.join(ctx, p, o, k, seen.Epoch)
}

// lookup finds a cached link that may still be given out: by today's ttl, link hosts and own host, whatever they were
// when it was made.
func (g *Generator) lookup(ctx context.Context, p *project, o *Order, k Key) Lookup {
	if o.guest() {
		return Lookup{}
	}
	seen, err := g.cache.Get(ctx, k)
	if err != nil {
		if ctx.Err() == nil {
			g.hooks.cacheError(err)
		}
		return Lookup{}
	}
	if seen.Found && (g.now().Sub(seen.Entry.Made) >= g.ttl || checkLink(seen.Entry.URL, p.hosts, o.OwnHost) != nil) {
		seen.Found = false
	}
	return seen
}

// join waits for the one call that is made for k, and starts it if nobody has. The epoch is part of its name, so
// that nobody who comes after a Forget joins a call from before it.
func (g *Generator) join(ctx context.Context, p *project, o Order, k Key, gen Epoch) (Result, error) {
	if ctx.Err() != nil {
		return Result{}, gone(ctx)
	}
	name := string(k.Subscriber[:]) + string(k.Order[:]) + string(gen)
	if o.guest() {
		name = rand.Text() // a guest's link is his alone
	}
	order := o.clone()
	source := FromShared
	done := g.state.flights.DoChan(name, func() (entry any, err error) {
		entry, source, err = g.fly(context.WithoutCancel(ctx), p, &order, k, gen)
		return entry, err
	})
	select {
	case <-ctx.Done():
		return Result{}, gone(ctx)
	case flight := <-done:
		if flight.Err != nil {
			return Result{}, flight.Err
		}
		entry := flight.Val.(Entry)
		if err := checkLink(entry.URL, p.hosts, o.OwnHost); err != nil {
			return Result{}, &Error{Reason: UntrustedLink, cause: err}
		}
		return newResult(entry, source), nil
	}
}

// fly makes a link and keeps it. It has a deadline of its own and no caller: those who wait may leave. A panic is an
// error here, because nobody above could catch it.
func (g *Generator) fly(ctx context.Context, p *project, o *Order, k Key, gen Epoch) (entry Entry, from Source, err error) {
	defer func() {
		if value := recover(); value != nil {
			g.hooks.panicked(value, debug.Stack())
			entry, err = Entry{}, failed(Panicked, "panic in a background call")
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 2*(g.limits.Wait+g.limits.Timeout)) // time enough to make it anew once
	defer cancel()
	if gen != "" {
		// Between the look that missed and this flight, another one may have landed.
		seen := g.lookup(ctx, p, o, k)
		if seen.Found {
			return seen.Entry, FromCache, nil
		}
		gen = cmp.Or(seen.Epoch, gen) // he may have been forgotten in between
	}
	for {
		entry, e := g.make(ctx, p, o, k)
		if e != nil {
			return Entry{}, "", e
		}
		if o.guest() || gen == "" {
			return entry, FromAPI, nil // nobody to forget, or a cache that does not say: the link is given out but not kept
		}
		kept := g.keep(ctx, k, gen, entry)
		if kept.Found {
			return kept.Entry, FromAPI, nil
		}
		gen = kept.Epoch // he was forgotten meanwhile, perhaps because he paid: this link may be dead
	}
}

// make passes the limits and calls the API.
func (g *Generator) make(ctx context.Context, p *project, o *Order, k Key) (Entry, *Error) {
	if e := o.check(); e != nil {
		return Entry{}, e
	}
	if e := g.state.refused(k, time.Now()); e != nil {
		return Entry{}, e
	}
	if e := p.up.blocked(time.Now()); e != nil {
		return Entry{}, e
	}
	if e := g.count(o, k); e != nil {
		return Entry{}, e
	}
	leave, e := g.enter(ctx, p)
	if e != nil {
		return Entry{}, e
	}
	defer leave()

	body, err := g.payload(p, o, k.Subscriber)
	if err != nil {
		return Entry{}, failed(Refused, "writing the API request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, g.limits.Timeout)
	defer cancel()
	link, made, e := g.call(ctx, p, body)
	if e != nil {
		if e.result == resultRefused {
			g.state.refuse(k, e, time.Now())
		}
		return Entry{}, e
	}
	if err := checkLink(link, p.hosts, o.OwnHost); err != nil {
		return Entry{}, &Error{Reason: UntrustedLink, cause: err} // leads back to us: not worth keeping
	}
	return Entry{URL: link, Made: made, Until: made.Add(g.ttl)}, nil
}

// keep puts a link that was made in gen into the cache, and returns the link that may be given out: this one, or a later
// one if its subscriber was forgotten since and somebody has asked for him again. If nobody has, none is found.
func (g *Generator) keep(ctx context.Context, k Key, gen Epoch, e Entry) Lookup {
	made := Lookup{Entry: e, Found: true, Epoch: gen}
	if err := g.cache.Set(ctx, k, gen, e); err != nil {
		g.hooks.cacheError(err)
		return made
	}
	now, err := g.cache.Get(ctx, k)
	if err != nil {
		g.hooks.cacheError(err)
		return made
	}
	if now.Epoch == gen {
		return made
	}
	return now
}

// Forget makes every link made for the subscriber dead at once, for all who share the cache: kept
// ones and those being made. What fails is tried again, twice at most.
func (g *Generator) Forget(ctx context.Context, s SubscriberHash) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, g.cache.Forget(ctx, s)
	}, backoff.WithMaxTries(forgetTries), backoff.WithBackOff(backoff.NewConstantBackOff(forgetPause)))
	return err
}

// A link that outlives its payment is a dead end for a shopper, and whoever reports a payment repeats
// it later than a link is kept. So a cache that stumbles is asked again.
const (
	forgetTries = 3
	forgetPause = 200 * time.Millisecond
)

// Close lets go of idle connections. Calls under way go on, and their connections are closed after them.
func (g *Generator) Close() {
	g.closed.Store(true)
	g.closeIdle()
}
