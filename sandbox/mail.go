package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"sync"
	"time"
)

// mail is the webhooks: where they go, which there are, which wait. It knows
// nothing of what they tell.
type mail struct {
	clock  *ticker
	client *http.Client

	mu       sync.Mutex // guards everything below
	events   store[*event]
	webhooks Webhooks
	held     bool
	luck     luck
	wake     chan struct{} // tells Run that the events changed
}

// newMail sends to the addresses of cfg with its client.
func newMail(clock *ticker, cfg Config) *mail {
	return &mail{
		clock:    clock,
		client:   webhookClient(cfg.Client),
		events:   newStore[*event](orDefault(cfg.KeepWebhooks, keepEvents)),
		webhooks: cfg.Webhooks,
		luck:     newLuck(Post{}),
		wake:     make(chan struct{}, 1),
	}
}

// SetWebhooks changes where webhooks that are made from now on go. Those that
// wait already go where they were to go. A test whose shop starts after the
// sandbox calls it.
func (m *mail) SetWebhooks(w Webhooks) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.webhooks = w
}

// Events returns the newest webhooks, oldest first, as copies but for their
// bodies; Config.KeepWebhooks bounds how many. Older ones are forgotten, pending
// ones included.
func (m *mail) Events() []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Event, 0, len(m.events.values))
	for e := range m.events.all() {
		copied := e.Event
		copied.Attempts = slices.Clone(e.Attempts)
		list = append(list, copied)
	}
	return list
}

// SetPost changes how the webhooks that are made from now on travel. Its error is
// ErrPost.
func (m *mail) SetPost(p Post) error {
	if p.Lose < 0 || p.Lose > 100 || p.Repeat < 0 || p.Repeat > 100 {
		return ErrPost
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.luck = newLuck(p)
	return nil
}

// LoseNext loses the next n webhooks, as Post does.
func (m *mail) LoseNext(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.luck.lose = n
}

// bodyFunc writes a webhook. id is its requestID.
type bodyFunc func(id string, now time.Time) any

// queue makes a webhook about a transaction, and perhaps its repeat; none if
// nobody wants its kind. The body is written at once.
func (m *mail) queue(kind Kind, transactionID string, body bodyFunc) []*event {
	m.mu.Lock()
	defer m.mu.Unlock()
	url := m.webhooks.url(kind)
	if url == "" {
		return nil
	}
	now := m.clock.now()
	id := newUUID()
	e := &event{Event: Event{
		ID:            id,
		Kind:          kind,
		TransactionID: transactionID,
		URL:           url,
		Body:          marshal(body(id, now)),
		State:         Pending,
		Due:           now,
	}}
	m.events.add(e)
	if m.luck.loses() {
		e.State = Lost
		return nil
	}
	if !m.luck.repeats() {
		return []*event{e}
	}
	again := e.copied(newUUID(), now)
	m.events.add(again)
	return []*event{e, again}
}

// webhookClient is the client that sends webhooks. It is a copy, so that it can
// be told not to follow redirects: they are failures.
func webhookClient(c *http.Client) *http.Client {
	client := *cmp.Or(c, &http.Client{Timeout: 10 * time.Second})
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	return &client
}
