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
	wake     chan struct{} // tells Run that the events changed
}

// newMail sends to these addresses with this client.
func newMail(clock *ticker, client *http.Client, w Webhooks) *mail {
	return &mail{
		clock:    clock,
		client:   webhookClient(client),
		events:   newStore[*event](keepEvents),
		webhooks: w,
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

// Events returns the newest 10,000 webhooks, oldest first, as copies but for
// their bodies. Older ones are forgotten, pending ones included.
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

// bodyFunc writes a webhook. id is its requestID.
type bodyFunc func(id string, now time.Time) any

// queue makes a webhook about a transaction, or nil if nobody wants its kind.
// The body is written at once.
func (m *mail) queue(kind Kind, transactionID string, body bodyFunc) *event {
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
	return e
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
