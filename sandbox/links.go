package sandbox

import (
	"cmp"
	"crypto/rand"
)

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
func (b *books) newLink(
	host string, raw []byte, fields map[string]any, base *BaseLink, testMode bool,
) string {
	id := rand.Text()
	l := &link{
		id:         id,
		url:        cmp.Or(b.publicURL, "https://"+host) + pagePath + id,
		raw:        raw,
		subscriber: text(fields, "subscriberId"),
		base:       base,
		testMode:   testMode,
		created:    b.clock.now(),
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.links.add(l)
	return l.url
}
