package zotlo

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Config configures a Client. Only Project is required; the zero values of the others are their
// defaults.
type Config struct {
	Project Project
	// Timeout is for a whole call with its one retry. Default 4 s.
	Timeout time.Duration
	// Rate is the number of calls that TakeTurn lets through. Default none.
	Rate Rate
	// Pacer shares rate and pauses with other processes that have the same keys. Nil means that
	// this process counts alone.
	Pacer Pacer
	// State is what outlives a Client. Nil means a new one.
	State *State
	// Transport carries the calls. Nil means NewTransport().
	Transport http.RoundTripper
	// CheckLink says why a link must not be given out; such an answer ends in ResultUntrusted.
	// Optional.
	CheckLink func(link string) error
	// Hooks observe.
	Hooks Hooks
	// Now is the clock that says when a call began. Nil means time.Now. Waiting, pauses and rate go
	// by the process's clock.
	Now func() time.Time
}

// defaultTimeout is for a whole call with its one retry.
const defaultTimeout = 4 * time.Second

// Client asks the API of one project. It is safe for concurrent use. Its errors are *Error.
type Client struct {
	project   Project
	account   *account
	fleet     fleet
	timeout   time.Duration
	transport http.RoundTripper
	checkLink func(string) error
	hooks     Hooks
	now       func() time.Time
	closed    atomic.Bool
}

// NewClient checks cfg and makes a Client. It makes no network connection. An error names the
// project's setting that is wrong.
func NewClient(cfg Config) (*Client, error) {
	if err := cfg.Project.Check(); err != nil {
		return nil, err
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.State == nil {
		cfg.State = NewState()
	}
	if cfg.Transport == nil {
		cfg.Transport = NewTransport()
	}
	if cfg.CheckLink == nil {
		cfg.CheckLink = func(string) error { return nil }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Client{
		project:   cfg.Project,
		account:   cfg.State.account(cfg.Project),
		timeout:   cfg.Timeout,
		transport: cfg.Transport,
		checkLink: cfg.CheckLink,
		hooks:     cfg.Hooks,
		now:       cfg.Now,
	}
	c.fleet = fleet{cfg.Pacer, c.account, cfg.Rate, c.hooks.pacerError}
	return c, nil
}

// Blocked tells why a call would not be made now: a pause, or an open breaker. It asks nobody, and
// makes no use of the one call that may look whether a pause is over.
func (c *Client) Blocked() error {
	if e := c.account.blocked(time.Now()); e != nil {
		return e
	}
	return nil
}

// BreakerOpen reports whether calls are paused by the circuit breaker.
func (c *Client) BreakerOpen() bool { return c.account.shoppers.open() }

// TakeTurn waits until the project's rate allows a call, or says at once that it will not do so
// before ctx ends. Every call goes after a turn, and spends it if it goes out. A turn that no call
// follows is given back by GiveTurnBack. Its error has ResultBusy, and RetryAfter is how long the
// wait would have been. Without a deadline in ctx the wait is at most Config.Timeout.
func (c *Client) TakeTurn(ctx context.Context) error {
	if !c.fleet.rate.Limited() {
		return nil
	}
	now := time.Now()
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = now.Add(c.timeout)
	}
	wait, ok := c.fleet.take(ctx, deadline.Sub(now))
	if !ok {
		e := failed(ResultBusy, "the project's rate allows the next call only in %s", wait)
		e.RetryAfter = wait
		return e
	}
	time.Sleep(wait) // within ctx's deadline, and nothing else ends it
	return nil
}

// GiveTurnBack returns a turn that was taken and is not used.
func (c *Client) GiveTurnBack() { c.fleet.giveBack() }

// Close lets go of idle connections. Calls under way go on, and their connections are closed after
// them.
func (c *Client) Close() {
	c.closed.Store(true)
	c.closeIdle()
}

// closeIdle lets go of idle connections, if the transport knows of any.
func (c *Client) closeIdle() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// request is one endpoint's request, which may be sent more than once. The body is kept as bytes,
// so that a retry sends the same again.
type request struct {
	method, path string // the path with its query
	body         []byte
	reads        bool          // the request looks something up, and goes after shoppers' calls
	once         bool          // there is no retry
	timeout      time.Duration // of the call with its retry
	maxAnswer    int64         // how many bytes are read of an answer
	judge        func(answer) *Error
	// read takes what was asked for out of an answer that is no error; its error decides the
	// result.
	read func(answer) *Error
}

// do sends r, twice at most, and returns when the try that succeeded began. It spends the caller's
// turn, and takes another for a retry.
func (c *Client) do(ctx context.Context, r request) (began time.Time, _ *Error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	// The caller took a turn before, so the plan begins with one.
	plan := &retryPlan{
		ctx: ctx, lane: c.account.shoppers, take: c.fleet.take, turns: 1, once: r.once,
	}
	if r.reads {
		plan.lane, plan.take = c.account.reads, nil
	}
	defer func() {
		for range plan.turns { // of which no call came
			c.GiveTurnBack()
		}
	}()
	e := plan.run(func() *Error {
		if plan.turns == 0 { // a read tries again
			if c.spareTurn(ctx) != nil {
				return plan.last
			}
			plan.turns++
		}
		began = c.now()
		e, sent := c.try(ctx, plan.lane, r)
		if sent {
			plan.turns--
		}
		return e
	})
	return began, e
}

// try makes one call if pauses and breaker allow it, and tells them how it ended.
func (c *Client) try(ctx context.Context, l *lane, r request) (e *Error, sent bool) {
	// The pauses are asked before the breaker: a call that a pause stops must not use up a probe.
	if e := c.paused(ctx, l); e != nil {
		return e, false
	}
	settle, e := l.allow()
	if e != nil {
		return e, false
	}
	said, result := errNeutral, ResultPanic // unless we get to know better
	// The breaker gets an answer for every call that it let in, even if a panic ends it. Else a
	// probe would stay open for ever.
	start := time.Now()
	defer func() {
		settle(said)
		c.hooks.apiCall(c.project.Name, result, time.Since(start))
	}()
	if e = c.ask(ctx, r); e != nil {
		c.account.blame(e)
	}
	// The connection of a call that outlived Close has just become idle.
	if c.closed.Load() {
		c.closeIdle()
	}
	said, result = verdict(e), ResultOK
	if e != nil {
		result = e.Result
	}
	if code, pause := c.account.learn(l, e); pause > 0 {
		c.hooks.paused(c.project.Name, code, pause)
	}
	if l == c.account.shoppers {
		c.fleet.tell()
	}
	return e, true
}

// paused tells why the call that is about to be made must not be, by what this process and the
// fleet know. Where shoppers find the API down, or their keys wrong, a read need not find it out
// again. The pauses of reads are their process's own.
func (c *Client) paused(ctx context.Context, l *lane) *Error {
	c.fleet.await(ctx)
	if l == c.account.reads {
		if e := c.account.blocked(time.Now()); e != nil {
			return e
		}
		e, _ := l.pause.takeProbe(time.Now())
		return e
	}
	e, probes := l.pause.takeProbe(time.Now())
	if probes && !c.fleet.mayProbe(ctx) {
		return l.pause.leave()
	}
	return e
}

// ask makes one HTTP exchange. It calls the transport itself, not an http.Client: that one would
// follow redirects, and carry the access secret to whatever host they name.
func (c *Client) ask(ctx context.Context, r request) *Error {
	address := c.project.API() + r.path
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return connectionError(ctx, err)
	}
	for _, h := range c.project.headers() {
		req.Header.Set(h.name, h.value)
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return connectionError(ctx, err)
	}
	defer resp.Body.Close()
	// One byte more than the bound tells a body that is too long from one that just fits.
	raw, err := io.ReadAll(io.LimitReader(resp.Body, r.maxAnswer+1))
	if err != nil && resp.StatusCode == http.StatusOK {
		return connectionError(ctx, err)
	}
	if err != nil || int64(len(raw)) > r.maxAnswer {
		raw = nil // the status alone decides
	}
	a := readAnswer(resp.StatusCode, raw)
	a.retryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	if e := r.judge(a); e != nil {
		return e
	}
	return r.read(a)
}
