package sandbox

import (
	"cmp"
	"crypto/rand"
	"strings"
	"sync"
	"time"
)

// books are the links that were created and the payments that were made of
// them. They know nothing of HTTP.
type books struct {
	clock     *ticker
	publicURL string
	bases     map[string]*BaseLink // nil: every id is known
	mail      *mail

	mu       sync.Mutex // guards everything below
	links    store[*link]
	payments store[*payment]
	lastID   int // of payments and subscriptions
}

// newBooks returns empty books.
func newBooks(clock *ticker, cfg Config, post *mail) *books {
	b := &books{
		clock:     clock,
		publicURL: strings.TrimRight(cfg.PublicURL, "/"),
		mail:      post,
		links:     newStore[*link](keepLinks),
		payments:  newStore[*payment](keepPayments),
	}
	if cfg.KeepLinks > 0 {
		b.links = newStore[*link](cfg.KeepLinks)
	}
	if cfg.BaseLinks != nil {
		b.bases = make(map[string]*BaseLink, len(cfg.BaseLinks))
	}
	for id, base := range cfg.BaseLinks {
		b.bases[id] = base.complete(id)
	}
	return b
}

// Link finds a personal link by its URL, also by one that reaches the sandbox
// under another host, or by its bare id. It returns false for one that it has
// not created, or has forgotten.
func (b *books) Link(url string) (Link, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.links.get(linkID(url))
	if !ok {
		return Link{}, false
	}
	return l.export(b.clock.now()), true
}

// Links returns the newest links, oldest first; Config.KeepLinks bounds how
// many.
func (b *books) Links() []Link {
	now := b.clock.now()
	b.mu.Lock()
	copies := make([]link, 0, len(b.links.values))
	for l := range b.links.all() {
		copies = append(copies, *l)
	}
	b.mu.Unlock()
	list := make([]Link, len(copies))
	for i := range copies {
		list[i] = copies[i].export(now)
	}
	return list
}

// Expire ends the hour of an open link now, as the Expire button does. Its
// errors are ErrNoLink, ErrPaid and ErrExpired.
func (b *books) Expire(url string) error {
	return b.changeLink(url, func(l *link) { l.expired = true })
}

// Decline notes a payment that failed, as the Fail button does. The link stays
// open, and Zotlo sends no webhook. Its errors are those of Expire.
func (b *books) Decline(url string) error {
	return b.changeLink(url, func(l *link) { l.declined++ })
}

// changeLink changes an open link.
func (b *books) changeLink(url string, change func(*link)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, err := b.openLinkLocked(url)
	if err == nil {
		change(l)
	}
	return err
}

// openLinkLocked finds a link that can still be opened. b.mu is held.
func (b *books) openLinkLocked(url string) (*link, error) {
	l, ok := b.links.get(linkID(url))
	if !ok {
		return nil, ErrNoLink
	}
	switch l.state(b.clock.now()) {
	case Paid:
		return nil, ErrPaid
	case Expired:
		return nil, ErrExpired
	case Open:
	}
	return l, nil
}

// baseLink finds the template of a checkoutLinkId. Without Config.BaseLinks
// there is one for every id.
func (b *books) baseLink(id string) (*BaseLink, bool) {
	if b.bases == nil {
		return BaseLink{}.complete(id), true
	}
	base, ok := b.bases[id]
	return base, ok
}

// openLink copies a link that can still be opened.
func (b *books) openLink(url string) (Link, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, err := b.openLinkLocked(url)
	if err != nil {
		return Link{}, err
	}
	return l.export(b.clock.now()), nil
}

// receipt is what a link was paid with, and what was sold.
func (b *books) receipt(url string) (p Payment, product string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.links.get(linkID(url))
	if !ok {
		return Payment{}, "", false
	}
	paid, ok := b.payments.get(l.paidBy)
	if !ok {
		return Payment{}, "", false
	}
	return paid.Payment, paid.sale.productName(), true
}

// newLink remembers a checked call and returns the URL created for it.
func (b *books) newLink(host string, raw []byte, fields map[string]any, base *BaseLink) string {
	id := rand.Text()
	l := &link{
		id:         id,
		url:        cmp.Or(b.publicURL, "https://"+host) + pagePath + id,
		raw:        raw,
		subscriber: text(fields, "subscriberId"),
		base:       base,
		created:    b.clock.now(),
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.links.add(l)
	return l.url
}

// Payments returns the newest 10,000 payments, oldest first, as copies. Older
// ones are forgotten, and can be neither renewed nor refunded.
func (b *books) Payments() []Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Payment, 0, len(b.payments.values))
	for p := range b.payments.all() {
		list = append(list, p.Payment)
	}
	return list
}

// commit makes a change under the lock, and sends the webhooks it queued after
// it has let the lock go: the shop may ask the sandbox something meanwhile.
func (b *books) commit(change func() (*payment, []*event, error)) (Payment, error) {
	b.mu.Lock()
	p, events, err := change()
	if err != nil {
		b.mu.Unlock()
		return Payment{}, err
	}
	done := p.Payment
	b.mu.Unlock()
	b.mail.publish(events)
	return done, nil
}

// tell queues a webhook about a payment; nil if nobody wants its kind.
func (b *books) tell(kind Kind, p *payment, write letter) *event {
	return b.mail.queue(kind, p.TransactionID, func(id string, now time.Time) any {
		return write(p, id, now)
	})
}
