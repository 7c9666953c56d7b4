package ledgermodel

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/ledgertest"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// post brings the webhooks of a model to the ledger, badly: of a hundred, five never come, ten come
// twice, ten come a day late, and those of a day come in any order, many at once.
type post struct {
	*model
	seen   int // events of the sandbox
	copies int
	late   []letter

	sent, lost, died int
}

// letter is one delivery of a webhook.
type letter struct {
	body []byte
	// Its first try finds links that cannot be forgotten.
	unfinished bool
	repeats    int // after which it is given up
}

// deliver brings what has happened since the last time, and what was late then.
func (p *post) deliver() {
	events := p.zotlo.Events()
	batch := p.late
	p.late = nil
	for _, e := range events[p.seen:] {
		if e.Kind == sandbox.KindRegistration {
			continue
		}
		p.sent++
		if p.chance(5) {
			p.lost++
			continue
		}
		l := letter{body: e.Body, unfinished: p.chance(3), repeats: 5}
		if p.chance(5) {
			l.repeats = 0
		}
		if p.chance(10) {
			p.late = append(p.late, l)
		} else {
			batch = append(batch, l)
		}
		if p.chance(10) { // under another id, as if it were another webhook
			p.copies++
			id := fmt.Appendf(nil, "copy-%d", p.copies)
			again := letter{body: bytes.Replace(e.Body, []byte(e.ID), id, 1), repeats: 5}
			batch = append(batch, again)
		}
	}
	p.seen = len(events)
	p.bring(batch)
}

// deliverLate brings what is still late.
func (p *post) deliverLate() {
	p.deliver()
	p.bring(p.late)
	p.late = nil
}

// bring delivers webhooks at once and in any order.
func (p *post) bring(batch []letter) {
	p.dice.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
	var died atomic.Int64
	ledgertest.Together(batch, func(l letter) {
		for range 1 + l.repeats {
			done, err := p.bringOne(l)
			if err != nil && !errors.Is(err, ledgertest.ErrCut) {
				p.Error(err)
			}
			if err != nil {
				died.Add(1)
			}
			if done {
				return
			}
			l.unfinished = false
		}
	})
	p.died += int(died.Load())
}

// bringOne does what the webhook's receiver does, and reports whether Zotlo was answered 200.
func (p *post) bringOne(l letter) (done bool, err error) {
	e, err := zotlo.ParseWebhook(l.body)
	if err != nil {
		return false, err
	}
	news, err := p.ledger.Record(p.Context(), ledger.Delivery{
		Event: e, Body: l.body, Payer: e.SubscriberID, Unfinished: l.unfinished,
		Attribution: secrets.Read(e.Checkout...),
	})
	if err != nil {
		return false, err
	}
	p.books.hear(e, news)
	return !l.unfinished, nil
}
