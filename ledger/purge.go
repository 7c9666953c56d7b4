package ledger

import (
	"bytes"
	"context"
	"time"
)

// This file forgets a subscriber. What stays is what nobody can be told by: the hash of each
// transaction, so that nothing of it is taken in again, and all sums. The right to it is that of
// the GDPR, Article 17; what tells nobody apart is no personal data (recital 26).

// Purged says what Purge has done.
type Purged struct {
	Transactions  int `json:"transactions"`
	Subscriptions int `json:"subscriptions"`
	Exposures     int `json:"exposures"`
}

// Purge forgets everything of a subscriber: payments, subscriptions, events and exposures. It reads
// the whole ledger, so it takes as long as an export. After an error it is to be repeated; what was
// done is not done again. The person's own document goes last: while a sale still names them, an
// effect that is done again would write it anew. They may have had several hashes.
func (l *Ledger) Purge(ctx context.Context, hashes ...string) (done Purged, err error) {
	for _, hash := range hashes {
		id := []byte(l.codec.personKey(hash).ID)
		err = l.purge(ctx, id, &done)
		if err != nil {
			break
		}
	}
	return done, err
}

// purge forgets whom a document is about, and adds to what was done.
func (l *Ledger) purge(ctx context.Context, id []byte, done *Purged) error {
	sales, err := l.purgeSales(ctx, id)
	done.Transactions += sales
	if err != nil {
		return err
	}
	origins, err := l.purgeOrigins(ctx, id)
	done.Subscriptions += origins
	if err != nil {
		return err
	}
	seen, err := l.purgeSeen(ctx, id)
	done.Exposures += seen
	if err != nil {
		return err
	}
	return l.remove(ctx, Key{kindPerson, string(id)})
}

// purgeSales takes the subscriber out of payments and refunds, which stay until their time is over.
func (l *Ledger) purgeSales(ctx context.Context, id []byte) (n int, err error) {
	err = l.eachSale(ctx, func(key Key, d *sale, until time.Time) error {
		if !about(d.Subjects, id) {
			return nil
		}
		// The scan's copy may be old by now. The step reads the document again.
		n++
		return l.store.Do(ctx, func(s Steps) error {
			return change(l.codec, s, key, func(d *sale) (time.Time, error) {
				d.forget(id)
				return until, nil
			})
		})
	})
	return n, err
}

// forget takes a subscriber out. A transaction that is nobody's any more keeps its hash, and what
// its payments and refunds are known by. The key of the document is that hash, so a webhook that
// comes again finds it, and is not counted once more.
func (d *sale) forget(id []byte) {
	d.Version++
	d.By.forget(id)
	if d.Subjects = without(d.Subjects, id); len(d.Subjects) == 0 {
		d.Transaction, d.Original = "", ""
	}
}

// forget takes a subscriber out: the link was made for nobody any more.
func (s *source) forget(id []byte) {
	if bytes.Equal(s.Person, id) {
		s.Person = nil
	}
}

// purgeOrigins lets a subscription go on without its subscriber: By still names the campaign, so
// that renewals are counted for it.
func (l *Ledger) purgeOrigins(ctx context.Context, id []byte) (n int, err error) {
	err = l.eachOrigin(ctx, func(key Key, o *origin, until time.Time) error {
		if !about(o.Subjects, id) {
			return nil
		}
		n++
		return l.store.Do(ctx, func(s Steps) error {
			return change(l.codec, s, key, func(o *origin) (time.Time, error) {
				o.Version++
				o.By.forget(id)
				if o.Subjects = without(o.Subjects, id); len(o.Subjects) == 0 {
					o.Original = ""
				}
				return until, nil
			})
		})
	})
	return n, err
}

// purgeSeen forgets which variants they were shown. The run stands in front of the subscriber. So
// no document needs to be read. The sums of the experiment stay: they name nobody.
func (l *Ledger) purgeSeen(ctx context.Context, id []byte) (n int, err error) {
	err = l.store.Scan(ctx, kindSeen, func(at string, _ Doc) error {
		if len(at) < idSize || at[len(at)-idSize:] != string(id) {
			return nil
		}
		n++
		return l.remove(ctx, Key{kindSeen, at})
	})
	return n, err
}

// remove deletes one document. A document that is not there is no error, so that a purge may be
// done again.
func (l *Ledger) remove(ctx context.Context, key Key) error {
	return l.store.Do(ctx, func(s Steps) error {
		return s.Change(key, func(Doc) (Doc, error) { return Doc{}, nil })
	})
}
