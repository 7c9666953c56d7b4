package sandbox

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"time"
)

// webhookTimeout ends a try, whatever the client's own timeout is. How long
// Zotlo waits is not published.
const webhookTimeout = 30 * time.Second

// HoldWebhooks holds new webhooks back: they wait for Deliver, Send or
// ReleaseWebhooks. A test holds them to choose their order, or to look at the
// time between a payment and the news of it.
func (m *mail) HoldWebhooks() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = true
}

// ReleaseWebhooks ends HoldWebhooks and delivers what is due, as Deliver does.
// It returns how many webhooks it tried.
func (m *mail) ReleaseWebhooks(ctx context.Context) int {
	m.mu.Lock()
	m.held = false
	m.mu.Unlock()
	return m.Deliver(ctx)
}

// Deliver tries every pending webhook that is due, the longest waiting first,
// one after the other, and returns how many it tried. A clock that jumped past
// several retries makes one try: the next pause begins with it. It delivers
// held webhooks, too. Once ctx is done it tries no more.
func (m *mail) Deliver(ctx context.Context) int {
	n := 0
	for _, e := range m.due() {
		if ctx.Err() != nil {
			return n
		}
		if m.tryDue(ctx, e) {
			n++
		}
	}
	return n
}

// due lists what Deliver has to send, the longest waiting first.
func (m *mail) due() []*event {
	now := m.clock.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []*event
	for e := range m.events.all() {
		if e.State == Pending && !e.Due.After(now) {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b *event) int { return a.Due.Compare(b.Due) })
	m.luck.shuffle(list)
	return list
}

// Send tries one webhook now, whether it is pending, delivered or dropped, and
// returns the status of the answer. Calling it again repeats the webhook,
// calling it with another one first changes the order. A failed try of a
// pending one counts against its schedule.
//
// The error is ErrNoEvent, or why there was no answer; an answer that is not
// 200 is none.
func (m *mail) Send(ctx context.Context, eventID string) (int, error) {
	m.mu.Lock()
	e, ok := m.events.get(eventID)
	if !ok {
		m.mu.Unlock()
		return 0, ErrNoEvent
	}
	e.sending++
	m.mu.Unlock()
	return m.try(ctx, e)
}

// SendCopy delivers a webhook once more as a webhook of its own, at once: its body is the same to
// the byte but for a new queue.requestID. Whether Zotlo keeps the id when it repeats a webhook is
// not published, so a receiver has to know a payment by its transaction. Bodies without a requestID
// (a registration, Sample2020) come again unchanged.
//
// It returns the status of the answer. A copy that fails is repeated on
// Zotlo's schedule, as every webhook is; its own ID is in Events. The error is
// ErrNoEvent, or why there was no answer.
func (m *mail) SendCopy(ctx context.Context, eventID string) (int, error) {
	now, id := m.clock.now(), newUUID()
	m.mu.Lock()
	e, ok := m.events.get(eventID)
	if !ok {
		m.mu.Unlock()
		return 0, ErrNoEvent
	}
	again := e.copied(id, now)
	again.sending++
	m.events.add(again)
	m.mu.Unlock()
	return m.try(ctx, again)
}

// Run delivers webhooks when they fall due, until ctx is done. It is for
// sandboxes on the real clock (or that of a testing/synctest bubble); on a Clock
// that somebody moves by hand, call Deliver. While webhooks are held it rests.
func (m *mail) Run(ctx context.Context) {
	for {
		if !m.isHeld() {
			m.Deliver(ctx)
		}
		timer := time.NewTimer(m.untilDue())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-m.wake:
			timer.Stop()
		}
	}
}

// isHeld reports whether HoldWebhooks is in force.
func (m *mail) isHeld() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held
}

// untilDue is how long Run may sleep: until the next webhook falls due, an hour
// at most.
func (m *mail) untilDue() time.Duration {
	now := m.clock.now()
	wait := time.Hour
	m.mu.Lock()
	defer m.mu.Unlock()
	for e := range m.events.all() {
		if e.State == Pending && e.sending == 0 && !m.held {
			wait = min(wait, e.Due.Sub(now))
		}
	}
	return wait
}

// publish makes the first try of new webhooks, unless they are held.
func (m *mail) publish(events []*event) {
	m.mu.Lock()
	held := m.held
	m.luck.shuffle(events)
	m.mu.Unlock()
	if held {
		return
	}
	for _, e := range events {
		m.tryDue(context.Background(), e)
	}
}

// tryDue tries a webhook unless somebody else has, or is about to.
func (m *mail) tryDue(ctx context.Context, e *event) bool {
	m.mu.Lock()
	if e.State != Pending || e.sending > 0 || e.Due.After(m.clock.now()) {
		m.mu.Unlock()
		return false
	}
	e.sending++
	m.mu.Unlock()
	_, _ = m.try(ctx, e) // how it went is in the event
	return true
}

// try sends a webhook once and notes how it went. e.sending counts it already.
func (m *mail) try(ctx context.Context, e *event) (int, error) {
	a := Attempt{At: m.clock.now()}
	a.Status, a.Err = m.post(ctx, e.URL, e.Body)

	m.mu.Lock()
	defer m.mu.Unlock()
	e.sending--
	e.note(a, m.clock.now())
	select {
	case m.wake <- struct{}{}:
	default: // Run knows already
	}
	return a.Status, a.Err
}

// post sends one request and returns the status of its answer. The body of the
// answer means nothing to Zotlo.
func (m *mail) post(ctx context.Context, url string, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Zotlo-Sandbox")
	res, err := m.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxBody))
	return res.StatusCode, nil
}
