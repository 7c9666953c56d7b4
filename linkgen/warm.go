package linkgen

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"time"
)

// What becomes of a link that is made before anybody asks for it. The texts are label values of a
// metric.
const (
	warmMade      = "made"      // the first click will find it
	warmCached    = "cached"    // there was one
	warmShared    = "shared"    // somebody was just making it
	warmBusy      = "busy"      // half of max_in_flight or of rate is in use
	warmPaused    = "paused"    // the API is in trouble
	warmLimited   = "limited"   // half of per_subscriber would not be left
	warmForgotten = "forgotten" // the subscriber was forgotten meanwhile, by a payment most often
	warmFailed    = "failed"    // by the API, the order or the cache
)

// WarmResults are all results that Warm may tell.
func WarmResults() []string {
	return slices.Clone([]string{
		warmMade, warmCached, warmShared, warmBusy, warmPaused, warmLimited, warmForgotten,
		warmFailed,
	})
}

// errWarm ends a flight that Warm began, whatever the reason: those who joined it begin their own.
var errWarm = errors.New("a link that was made in advance did not come about")

// Warm makes the link of a prepared order in the background, so that a click that comes soon finds
// it in the cache. It returns at once; told gets one of WarmResults, from another goroutine. For a
// guest it does nothing.
//
// Nobody waits for such a link, so it takes no room that somebody may need. There is a call only if
// fewer than half of MaxInFlight and of Rate are in use, nothing is paused, and half of
// PerSubscriber is left after it. It is made once and never retried, and at most half of MaxInFlight
// are under way with their look-ups. A click that comes meanwhile waits for the same call, and makes
// its own if that one fails.
func (g *Generator) Warm(ctx context.Context, p *Prepared, ownHost string, told func(string)) {
	if p.generator != g {
		p = g.Prepare(p.order)
	}
	if p.order.guest() {
		return
	}
	if warming := g.state.warming.Add(1); 2*warming > int64(g.limits.MaxInFlight)+1 {
		g.state.warming.Add(-1)
		told(warmBusy)
		return
	}
	ctx = context.WithoutCancel(ctx)
	go func() {
		result := g.warm(ctx, p, ownHost)
		g.state.warming.Add(-1) // before it is told, so that who hears it may begin another
		told(result)
	}()
}

// warm looks whether there is a link already, and room for making one.
func (g *Generator) warm(ctx context.Context, p *Prepared, ownHost string) (result string) {
	defer func() {
		if value := recover(); value != nil {
			g.hooks.panicked(value, debug.Stack())
			result = warmFailed
		}
	}()
	if p.project == nil || p.order.check() != nil {
		return warmFailed
	}
	p.project.client.Look() // beside the look-up that follows, so that it costs no time
	seen := g.lookup(ctx, p, ownHost)
	switch {
	case seen.Found:
		return warmCached
	case seen.Epoch == "": // a link would not be kept
		return warmFailed
	case g.state.refused(p.key, time.Now()) != nil:
		return warmFailed
	}
	b, refused := g.takeWarmBudget(ctx, p)
	if refused != "" {
		return refused
	}
	defer b.giveBack()
	result = warmShared // unless the flight is ours
	<-g.state.flights.DoChan(g.flightName(p, seen.Epoch), func() (any, error) {
		entry, err := g.fetchWarm(ctx, p, ownHost, seen.Epoch, b, &result)
		return entry, err
	})
	return result
}

// fetchWarm is the flight of Warm. A panic is an error, as in fetch.
func (g *Generator) fetchWarm(
	ctx context.Context, p *Prepared, ownHost string, epoch Epoch, b *warmBudget, result *string,
) (entry Entry, err error) {
	*result = warmFailed
	defer func() {
		if value := recover(); value != nil {
			g.hooks.panicked(value, debug.Stack())
			entry, err = Entry{}, errWarm
		}
	}()
	// Between the look that missed and this flight, another one may have landed.
	if seen := g.lookup(ctx, p, ownHost); seen.Found {
		*result = warmCached
		return seen.Entry, nil
	}
	b.asked = true
	entry, e := g.ask(ctx, p, ownHost, true)
	if e != nil {
		return Entry{}, errWarm
	}
	b.made = true
	stored := g.store(ctx, p.key, epoch, entry)
	if !stored.Found {
		*result = warmForgotten // the link may be dead, and nobody waits for another
		return Entry{}, errWarm
	}
	*result = warmMade
	return stored.Entry, nil
}

// warmBudget is what one call of Warm has taken.
type warmBudget struct {
	g       *Generator
	p       *Prepared
	release func()
	asked   bool // the turn is the call's, which gives it back if it does not go out
	made    bool // the token is the link's
}

// takeWarmBudget takes place, turn and token for a call, or nothing.
func (g *Generator) takeWarmBudget(ctx context.Context, p *Prepared) (_ *warmBudget, refused string) {
	client := p.project.client
	if !client.Untroubled() {
		return nil, warmPaused
	}
	if !g.state.takeSpare(p, g.limits, time.Now()) {
		return nil, warmLimited
	}
	if !g.state.semaphore.acquireSpare() {
		g.state.giveBack(p, g.limits)
		return nil, warmBusy
	}
	release := g.placed()
	if !client.TakeSpareTurn(ctx) {
		release()
		g.state.giveBack(p, g.limits)
		return nil, warmBusy
	}
	return &warmBudget{g: g, p: p, release: release}, ""
}

// giveBack returns what was not used: always the place, the turn of a call that was not made, and
// the token of a link that did not come about.
func (b *warmBudget) giveBack() {
	b.release()
	if !b.asked {
		b.p.project.client.GiveTurnBack()
	}
	if !b.made {
		b.g.state.giveBack(b.p, b.g.limits)
	}
}
