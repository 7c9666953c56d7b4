package sandbox

import (
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

	mu            sync.Mutex // guards everything below
	links         store[*link]
	payments      store[*payment]
	subscriptions store[*sale]
	refunds       ring[refunded]
	doubts        Doubts
	lastID        int // of payments, refunds and subscriptions
}

// newBooks returns empty books.
func newBooks(clock *ticker, cfg Config, post *mail) *books {
	keep := orDefault(cfg.KeepPayments, keepPayments)
	b := &books{
		clock:         clock,
		publicURL:     strings.TrimRight(cfg.PublicURL, "/"),
		mail:          post,
		links:         newStore[*link](orDefault(cfg.KeepLinks, keepLinks)),
		payments:      newStore[*payment](keep),
		subscriptions: newStore[*sale](keep),
		refunds:       newRing[refunded](keep),
	}
	if cfg.BaseLinks != nil {
		b.bases = make(map[string]*BaseLink, len(cfg.BaseLinks))
	}
	for id, base := range cfg.BaseLinks {
		b.bases[id] = base.complete(id)
	}
	return b
}

// SetDoubts has the sandbox answer the open questions of Zotlo's reference so
// from now on. Its error is ErrDoubts.
func (b *books) SetDoubts(d Doubts) error {
	if err := d.check(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.doubts = d
	return nil
}

// Doubts returns how the open questions are answered now.
func (b *books) Doubts() Doubts {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.doubts
}

// Payments returns the newest payments, oldest first, as copies;
// Config.KeepPayments bounds how many. Older ones are forgotten, and can be
// neither renewed nor refunded.
func (b *books) Payments() []Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Payment, 0, len(b.payments.values))
	for p := range b.payments.all() {
		list = append(list, p.Payment)
	}
	return list
}

// Refunds returns the newest refunds, oldest first.
func (b *books) Refunds() []Refund {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Refund, 0, len(b.refunds.values))
	for r := range b.refunds.all() {
		list = append(list, r.Refund)
	}
	return list
}

// Subscriptions returns the newest subscriptions as they stand now, oldest
// first. One-time purchases are none.
func (b *books) Subscriptions() []SubscriptionState {
	now := b.clock.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]SubscriptionState, 0, len(b.subscriptions.values))
	for s := range b.subscriptions.all() {
		list = append(list, s.subscription(now, b.doubts))
	}
	return list
}

// subscriptionOf finds a subscription as it stands now, by any of its payments.
func (b *books) subscriptionOf(transactionID string) (v SubscriptionState, err error) {
	b.read(func(now time.Time) {
		var sold *sale
		if sold, err = b.saleLocked(transactionID); err == nil {
			v = sold.subscription(now, b.doubts)
		}
	})
	return v, err
}

// read looks at the books; while look runs, nothing in them changes.
func (b *books) read(look func(now time.Time)) {
	now := b.clock.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	look(now)
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

// tell queues a webhook about a payment; none if nobody wants its kind. b.mu is
// held.
func (b *books) tell(kind Kind, p *payment, write letter) []*event {
	d := b.doubts
	return b.mail.queue(kind, p.TransactionID, func(id string, now time.Time) any {
		return write(p, d, id, now)
	})
}

// saleLocked finds a subscription by any of its payments. b.mu is held.
func (b *books) saleLocked(transactionID string) (*sale, error) {
	p, ok := b.payments.get(transactionID)
	switch {
	case !ok:
		return nil, ErrNoPayment
	case p.PaymentType != Subscription:
		return nil, ErrNotSubscription
	}
	return p.sale, nil
}

// runningLocked finds a subscription that has not ended. b.mu is held.
func (b *books) runningLocked(transactionID string) (*sale, error) {
	sold, err := b.saleLocked(transactionID)
	if err == nil && sold.isOver(b.clock.now()) {
		return nil, ErrEnded
	}
	return sold, err
}
