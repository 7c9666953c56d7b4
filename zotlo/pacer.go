package zotlo

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// Pacer is what several processes know together: how many calls went out, and who pauses. Its types
// are plain, so that a store satisfies it without knowing this package. It is safe for concurrent
// use, and answers quickly or with an error; after an error a Client goes by what it knows alone.
type Pacer interface {
	// TakeTurn takes one of events per duration that is there at most patience from now, and tells
	// when; or takes none, and tells how long that would have been. A negative patience leaves so
	// much of the rate unused, and what is told is in how long that may be so.
	TakeTurn(
		ctx context.Context, name string, events int, per, patience time.Duration,
	) (wait time.Duration, ok bool, err error)
	// GiveTurnBack returns one that was taken and is not used.
	GiveTurnBack(ctx context.Context, name string, events int, per time.Duration) error
	// Once reports whether this is the first call with key within ttl; with an error it is.
	Once(ctx context.Context, key string, ttl time.Duration) (first bool, err error)
	// Remember keeps a value under key for ttl, in place of the one before.
	Remember(ctx context.Context, key, value string, ttl time.Duration) error
	// Recall returns what was remembered under key.
	Recall(ctx context.Context, key string) (value string, found bool, err error)
}

const (
	// lookEvery is how old what is known of the fleet's pauses may be when a call goes out.
	lookEvery = 250 * time.Millisecond
	// newsLife is how long it is known in the fleet that keys or address are wrong, or right again,
	// unless a probe says so anew.
	newsLife = 2 * probeEvery
	// aloneFor is how long after a failure of the pacer turns are not given back there: one that was
	// taken while it failed is not in its books.
	aloneFor = time.Minute
)

// fleet is what one Client shares with others, through its Pacer, about its account. Its zero value
// shares nothing.
type fleet struct {
	pacer   Pacer
	account *account
	rate    Rate
	failed  func(error)
}

// look is one question to the fleet, which every call of an account waits for that comes meanwhile.
type look struct {
	mu    sync.Mutex
	begun time.Time
	// ended is closed when the look that was begun last has ended. Nil before the first.
	ended chan struct{}
}

// Look begins to ask the fleet whether it pauses, unless that was done a moment ago. A call that
// goes out afterwards need not wait for as long. It does not wait, and needs no turn.
func (c *Client) Look() { c.fleet.beginLook() }

// await waits until it is known what the fleet says, or ctx ends.
func (f *fleet) await(ctx context.Context) {
	if ended := f.beginLook(); ended != nil {
		select {
		case <-ended:
		case <-ctx.Done():
		}
	}
}

// beginLook returns what ends with the present look.
func (f *fleet) beginLook() (ended <-chan struct{}) {
	if f.pacer == nil {
		return nil
	}
	l := &f.account.look
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended != nil && time.Since(l.begun) < lookEvery {
		return l.ended
	}
	done := make(chan struct{})
	l.begun, l.ended = time.Now(), done
	go func() {
		defer close(done)
		value, found, err := f.pacer.Recall(context.Background(), f.pauseName())
		if err != nil {
			f.failed(err)
		} else if found {
			f.account.shoppers.pause.hear(value, time.Now())
		}
	}()
	return done
}

// tell tells the fleet of a pause that this process has begun or ended.
func (f *fleet) tell() {
	if f.pacer == nil {
		return
	}
	now := time.Now()
	if value, life := f.account.shoppers.pause.news(now); life > 0 {
		// Not within the call's time, which may be over.
		if err := f.pacer.Remember(context.Background(), f.pauseName(), value, life); err != nil {
			f.failed(err)
		}
	}
}

// mayProbe reports whether this process is the one that tries wrong keys again.
func (f *fleet) mayProbe(ctx context.Context) bool {
	if f.pacer == nil {
		return true
	}
	// A little shorter than the time to the next probe, which is this process's again if it likes.
	const claim = probeEvery - time.Second
	first, err := f.pacer.Once(context.WithoutCancel(ctx), f.pauseName()+"/probe", claim)
	if err != nil {
		f.failed(err)
	}
	return first
}

// take takes a turn from this process's bucket and then from the fleet's; it is there when both
// say. The process's own share is counted all the time, so that it is bounded by the rate from the
// first moment without an answer of the fleet, and nothing is asked that it would refuse.
func (f *fleet) take(ctx context.Context, patience time.Duration) (wait time.Duration, ok bool) {
	wait, ok = f.account.rate.Take(f.rate, time.Now(), patience)
	if !ok || f.pacer == nil || !f.rate.Limited() {
		return wait, ok
	}
	// Not within ctx: a shopper whose time is up would be an answer that is missing, and a call that
	// the fleet does not count. The pacer bounds its own time.
	theirs, ok, err := f.pacer.TakeTurn(
		context.WithoutCancel(ctx), f.rateName(), f.rate.Events, f.rate.Per, patience)
	switch {
	case err != nil:
		f.account.aloneAt.Store(time.Now().UnixNano())
		f.failed(err)
		return wait, true
	case !ok:
		f.account.rate.GiveBack()
		return theirs, false
	}
	return max(wait, theirs), true
}

// takeSpare takes a turn that is there now and leaves another one, if the rate has more than one at
// once; or takes none, and tells in how long that may be so. It takes none of those to come: they
// are for callers that somebody waits for.
func (f *fleet) takeSpare(ctx context.Context) (wait time.Duration, ok bool) {
	return f.take(ctx, f.rate.Leaving(min(f.rate.Events-1, 1)))
}

// giveBack returns a turn that was taken and is not used.
func (f *fleet) giveBack() {
	if !f.rate.Limited() {
		return
	}
	f.account.rate.GiveBack()
	alone := time.Since(time.Unix(0, f.account.aloneAt.Load())) < aloneFor
	if f.pacer == nil || alone {
		return
	}
	err := f.pacer.GiveTurnBack(context.Background(), f.rateName(), f.rate.Events, f.rate.Per)
	if err != nil {
		f.failed(err)
	}
}

// pauseName and rateName begin with the account, a hash of address and keys: a node whose keys are
// stale stops itself only. The rate is in its name, since what was taken under one rate says
// nothing under another.
func (f *fleet) pauseName() string { return "pause/" + f.account.name }

func (f *fleet) rateName() string {
	return "rate/" + f.account.name + "/" + strconv.Itoa(f.rate.Events) + "/" + f.rate.Per.String()
}
