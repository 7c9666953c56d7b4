package ledger

import (
	"context"
	"fmt"
	"time"
)

// This file finishes what a process began and did not end: effects of a document that was written.
// In a store that takes all steps or none there is never anything to finish.

// finishEvery is the time between two looks for what is outstanding. A start looks at once; the
// tick is for what another node left behind, and for a store that was away.
const finishEvery = 10 * time.Minute

// finishTimeout bounds one document. A document that takes longer ends the round, and the next one
// tries again.
const finishTimeout = 30 * time.Second

// outstanding notes in a row that the effects of a document are begun, or that they are done. The
// number counts beginnings without an end: with two deliveries at once, a document stays in the row
// until both are through.
func (l *Ledger) outstanding(s Steps, key Key, once string, n int64) error {
	return s.Add(openRow(key), openID(key)+once, Delta{openID(key), n})
}

// The rows of what is outstanding.
var (
	openSales     = Key{kindOpen, ""} // and origins
	openExposures = Key{kindOpen, "x"}
)

// openRow is the row in which a document is outstanding.
func openRow(key Key) Key {
	if key.Kind == kindSeen {
		return openExposures
	}
	return openSales
}

// openID names a document in the row of those that are outstanding. The kind goes in front, since
// finish must know which document to read.
func openID(key Key) string { return string(byte(key.Kind)) + key.ID }

// finish does the effects that are outstanding, whichever process began them. What is begun at this moment
// may be among them; to do an effect twice changes nothing.
func (l *Ledger) finish(ctx context.Context) error {
	rows, err := l.store.Rows(ctx, openSales, openExposures)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for id, n := range row {
			if len(id) < 1+idSize {
				continue // of a newer version
			}
			key := Key{Kind(id[0]), id[1:]}
			if err := l.finishOne(ctx, key, n); err != nil {
				return err
			}
		}
	}
	// A recount that was cut off stands in no row: its experiment has two windows still.
	return l.recountAll(ctx)
}

// finishOne does the effects of one document, and takes it off the row. n is what the row said.
// What began since keeps it above zero, to be looked at again.
func (l *Ledger) finishOne(ctx context.Context, key Key, n int64) error {
	ctx, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	return l.store.Do(ctx, func(s Steps) error {
		var err error
		switch key.Kind {
		case kindSale:
			err = l.finishSale(s, key)
		case kindOrigin:
			err = l.finishOrigin(s, key)
		case kindSeen:
			err = l.finishParticipant(s, key)
		default: // of a newer version
		}
		if err != nil {
			return err
		}
		// Of several nodes that finish the same on one day, one takes it off.
		once := fmt.Sprint("finish ", n, " ", l.now().UTC().Format(time.DateOnly))
		return l.outstanding(s, key, once, -n)
	})
}

// finishSale settles a transaction. Nobody has counted it yet; its repeat will, and it comes, since
// nobody said 200.
func (l *Ledger) finishSale(s Steps, key Key) error {
	var d sale
	found, err := look(l.codec, s.Read, key, &d)
	// The process ended before the sale was written. Nothing followed from it yet.
	if err != nil || !found {
		return err
	}
	if err := l.settle(s, key, &d); err != nil {
		return err
	}
	return change(l.codec, s, key, func(doc *sale) (time.Time, error) {
		doc.finish(&d, Delivery{Unfinished: true})
		return l.now().Add(l.keep), nil
	})
}

// finishOrigin tells everybody whom a subscription is about. They are told the state, not the
// event: that comes with the repeat of the webhook.
func (l *Ledger) finishOrigin(s Steps, key Key) error {
	var o origin
	found, err := look(l.codec, s.Read, key, &o)
	if err != nil || !found {
		return err
	}
	for _, id := range o.Subjects {
		err := l.tell(s, string(id), func(p *person) bool { return o.tell(p, key) })
		if err != nil {
			return err
		}
	}
	return nil
}

// keepFinishing runs until ctx ends.
func (l *Ledger) keepFinishing(ctx context.Context) {
	tick := time.NewTicker(finishEvery)
	defer tick.Stop()
	for {
		if err := l.finish(ctx); err != nil && ctx.Err() == nil {
			l.failed("finish", err)
		}
		select {
		// What is left is found by the next process.
		case <-ctx.Done():
			return
		// Begin asks for this, as a changed window wants its recount now.
		case <-l.unfinished:
		case <-tick.C:
		}
	}
}
