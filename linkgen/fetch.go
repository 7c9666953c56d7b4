package linkgen

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"runtime/debug"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// wait waits for the one call that is made for p, and starts it if nobody has. The epoch is part of
// its name, so that nobody who comes after a Forget waits for a call from before it; where the
// cache could not be asked to forget, the instant of that stands for it. (A look-up that failed has
// no epoch: if another node has heard of the payment, it may wait for a call of this node from
// before. Harmless: the call is at most seconds old, and its link is not kept.)
func (g *Generator) wait(
	ctx context.Context, p *Prepared, ownHost string, epoch Epoch,
) (Result, error) {
	if ctx.Err() != nil {
		return Result{}, gone(ctx)
	}
	name := g.flightName(p, epoch)
	// The starter of a flight learns its source from fetch; everybody else has shared it.
	source := FromShared
	done := g.state.flights.DoChan(name, func() (entry any, err error) {
		// The call outlives the caller that began it: others may wait for it.
		entry, source, err = g.fetch(context.WithoutCancel(ctx), p, ownHost, epoch)
		return entry, err
	})
	select {
	case <-ctx.Done():
		return Result{}, gone(ctx)
	case flight := <-done:
		if flight.Err == errWarm {
			// It was none of a shopper's: it may have failed where theirs would be tried again.
			return g.wait(ctx, p, ownHost, epoch)
		}
		if flight.Err != nil {
			return Result{}, flight.Err
		}
		entry := flight.Val.(Entry)
		if err := checkLink(entry.URL, &p.project.hosts, ownHost); err != nil {
			return Result{}, &Error{Reason: UntrustedLink, cause: err}
		}
		return Result{entry.URL, entry.Made.Add(zotlo.LinkLife), source}, nil
	}
}

// flightName is the name of the one call that is made for p in an epoch.
func (g *Generator) flightName(p *Prepared, epoch Epoch) string {
	if p.order.guest() {
		return rand.Text() // a guest's link is theirs alone
	}
	name := string(p.key.Subscriber[:]) + string(p.key.Order[:]) + string(epoch)
	if epoch == "" && g.state.unforgotten.count.Load() > 0 {
		name += g.state.unforgotten.since(p.key.Subscriber).String()
	}
	return name
}

// fetch makes a link and stores it. It has a deadline of its own and no caller: those who wait may
// leave. A panic is an error here, because nobody above could catch it.
func (g *Generator) fetch(
	ctx context.Context, p *Prepared, ownHost string, epoch Epoch,
) (entry Entry, from Source, err error) {
	tokens := 0 // of per_subscriber or per_ip: anyone who gets no link pays nothing
	defer func() {
		if value := recover(); value != nil {
			g.hooks.panicked(value, debug.Stack())
			entry, err = Entry{}, failed(Panicked, "panic in a background call")
		}
		if err != nil {
			for range tokens {
				g.state.giveBack(p, g.limits)
			}
		}
	}()
	p.project.client.Look() // beside the look-up that follows, so that it costs no time
	if epoch != "" {
		// Between the look that missed and this flight, another one may have landed.
		seen := g.lookup(ctx, p, ownHost)
		if seen.Found {
			return seen.Entry, FromCache, nil
		}
		epoch = cmp.Or(seen.Epoch, epoch) // they may have been forgotten in between
	}
	e := g.mayAsk(p)
	if e != nil {
		return Entry{}, "", e
	}
	// Time enough to make it anew once.
	ctx, cancel := context.WithTimeout(ctx, 2*(g.limits.Wait+g.limits.Timeout))
	defer cancel()
	for {
		tokens++
		entry, e := g.create(ctx, p, ownHost)
		if e != nil {
			return Entry{}, "", e
		}
		if p.order.guest() || epoch == "" {
			// Nobody to forget, or a cache that does not say: the link is given out but not kept.
			return entry, FromAPI, nil
		}
		stored := g.store(ctx, p.key, epoch, entry)
		if stored.Found {
			return stored.Entry, FromAPI, nil
		}
		// They were forgotten meanwhile, perhaps because they paid: this link may be dead.
		epoch = stored.Epoch
		if e := g.mayAsk(p); e != nil {
			return Entry{}, "", e
		}
	}
}

// mayAsk tells why the API is not to be asked for p. If it is, a token is taken.
func (g *Generator) mayAsk(p *Prepared) *Error {
	now := time.Now()
	if e := p.order.check(); e != nil {
		return e
	}
	if e := g.state.refused(p.key, now); e != nil {
		return e
	}
	if err := p.project.client.Blocked(); err != nil {
		return asked(err)
	}
	return g.state.take(p, g.limits, now)
}

// create waits for a call, and makes it.
func (g *Generator) create(ctx context.Context, p *Prepared, ownHost string) (Entry, *Error) {
	release, e := g.acquire(ctx, p.project.client)
	if e != nil {
		return Entry{}, e
	}
	defer release()
	return g.ask(ctx, p, ownHost, false)
}

// ask makes the call, for which turn and place were taken. With once it is not tried again.
func (g *Generator) ask(
	ctx context.Context, p *Prepared, ownHost string, once bool,
) (Entry, *Error) {
	request := p.order.request(g.attribution(p))
	request.Once = once
	link, err := p.project.client.OneLink(ctx, request)
	if err != nil {
		e := asked(err)
		if e.result == zotlo.ResultRefused {
			// Only a refusal of this very order is remembered: it would be refused again.
			g.state.refuse(p.key, e, time.Now())
		}
		return Entry{}, e
	}
	if err := checkLink(link.URL, &p.project.hosts, ownHost); err != nil {
		// It leads back to us: not worth keeping.
		return Entry{}, &Error{Reason: UntrustedLink, cause: err}
	}
	return Entry{URL: link.URL, Made: link.Made, Until: link.Made.Add(g.ttl)}, nil
}

// attribution is what rides along with an order and comes back with its payment, with a random text
// of its own.
func (g *Generator) attribution(p *Prepared) string {
	if g.attribute == nil {
		return ""
	}
	// 72 random bits make 12 characters of base64url.
	var random [9]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	return g.attribute(p.order, p.key.Subscriber, base64.RawURLEncoding.EncodeToString(random[:]))
}

// acquire waits for a call: for the project's rate, then for one of MaxInFlight places.
func (g *Generator) acquire(ctx context.Context, client *zotlo.Client) (release func(), _ *Error) {
	ctx, cancel := context.WithTimeout(ctx, g.limits.Wait)
	defer cancel()
	if err := client.TakeTurn(ctx); err != nil {
		return nil, asked(err)
	}
	if err := g.state.semaphore.acquire(ctx); err != nil {
		client.GiveTurnBack()
		e := failed(Busy, "waiting for one of %d calls: %w", g.limits.MaxInFlight, err)
		e.RetryAfter = busyAgain
		return nil, e
	}
	return g.placed(), nil
}

// placed tells of a place that was taken, and returns what gives it back.
func (g *Generator) placed() (release func()) {
	g.hooks.inFlight(1)
	return func() {
		g.hooks.inFlight(-1)
		g.state.semaphore.release()
	}
}

// busyAgain is when a shopper may try again who waited for a call in vain.
const busyAgain = 2 * time.Second

// store puts a link that was made in an epoch into the cache, and returns the link that may be
// given out: this one, or a later one if its subscriber was forgotten since and somebody has asked
// for them again. If nobody has, none is found.
func (g *Generator) store(ctx context.Context, k Key, made Epoch, e Entry) Lookup {
	mine := Lookup{Entry: e, Found: true, Epoch: made}
	if err := g.cache.Set(ctx, k, made, e); err != nil {
		g.hooks.cacheError(err)
		return mine
	}
	now, err := g.cache.Get(ctx, k)
	if err != nil {
		g.hooks.cacheError(err)
		return mine
	}
	if now.Epoch == made {
		return mine
	}
	return now
}
