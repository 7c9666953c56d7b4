// Package ledger knows what came of the links: payments, refunds, subscriptions, and who was shown
// which variant. It is a library for any Go server; it knows nothing of Caddy, logs nothing and
// asks nobody but the store that it is given.
//
//	store, err := filestore.Open(…)
//	l, err := ledger.Open(ctx, store, ledger.Config{Secrets: secrets})
//	…
//	event, err := zotlo.ParseWebhook(body)
//	news, err := l.Record(ctx, ledger.Delivery{Event: event, Body: body, …})
//
// Subscribers come as keyed hashes. Their ids are never kept.
//
// # Documents and rows
//
// A store holds two things. Documents are changed one at a time, each of them atomically. Rows are
// numbers that are only ever added to.
//
// Two documents are the source. A sale is a transaction: its payments, its refunds, and what it is
// attributed to. An origin is a subscription: whom it is about, and the newest state that Zotlo
// told of it. What began with a sale is stored beside it, in one document (entry.go). With them go
// the claims (who paid under a link first) and the events of subscribers, which are told and not
// derived.
//
// Exposures are told as well: the document of a participant, a person in an experiment, is where
// they stand.
//
// All else follows. A person's document is what clicks ask of it, so that a click reads one
// document. What a participant paid is copied from sales. The rows of days and of experiments are
// sums, so that a report is no pass over every payment. What follows can be made anew from its
// source as long as that is kept; sums outlive it.
//
// # Crashes
//
// A store need not have transactions. So each change is one that may be done twice, and their order
// is fixed: a row names the document whose effects are begun, the document is written with marks,
// the effects follow, the marks go, and the row goes last. A crash at any point leaves a mark or a
// row. The repeat of the webhook finds the first, the next start the second, and both do what is
// left. Sums take each addition under a name of its own, and know it for OnceLife.
//
// # Secrets
//
// The operator's secrets are used in two ways. They prove that an attribution which comes back from
// Zotlo was written here, for it travels through a shopper's checkout. And they lock the store's
// own key, which seals documents and hashes ids. Someone with the file alone, or with the Redis
// alone, reads no transaction, and cannot find one by its id.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// DefaultKeep is how long facts are kept where nothing is said. It is more than a year, so that
// what comes once a year finds what it follows.
const DefaultKeep = 400 * 24 * time.Hour

// Config configures a Ledger.
type Config struct {
	// Secrets seal what is kept. Required.
	Secrets *Secrets
	// Keep is how long facts are kept. Zero means DefaultKeep. A subscription that runs outlives
	// it, and so does the attribution of one that still renews.
	Keep time.Duration
	// Exposed is told of every exposure that was a person's first in its run, once it is written;
	// Failed of work that nobody waits for and that failed, by its name: expose, links, sweep, finish. (Who
	// calls Begin may use it with the name begin.)
	// Both are optional, and must be quick and safe for concurrent use.
	Exposed func(Exposure)
	Failed  func(operation string, err error)
	// Share is what a partner gets of a payment that is recorded now, in hundredths of a percent; the
	// partner is named as in Attribution. Nil means nothing.
	Share func(partner string) int
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Ledger is a store that is open. It is safe for concurrent use. It owns three goroutines, two that
// write exposures and links, and one that finishes what is outstanding.
type Ledger struct {
	store   Store
	secrets *Secrets
	codec   *codec
	keep    time.Duration
	now     func() time.Time

	exposed   func(Exposure)
	failed    func(operation string, err error)
	exposures exposures
	opened    opened
	links     links
	share     func(partner string) int

	// There is something to finish at once. Holds one wish at most: asked twice before anybody
	// looks, it is done once.
	unfinished chan struct{}

	// Ends what runs in the background.
	stop context.CancelFunc
	done sync.WaitGroup
}

// errTooManyExposures is told once the store cannot keep up.
var errTooManyExposures = errors.New("too many exposures wait to be written")

// errFull is told of a store that has grown beyond its bound. Payments are written all the same.
var errFull = errors.New("the ledger has reached max_size: no exposures are written any more")

// format is the number of the form of all documents. A newer one than this cannot be read.
const format = 1

// lockDoc is a store's own key, locked by the operator's secrets, and the form of what it seals.
// With a key of its own, a store outlives the change of a secret. It is not sealed by the store's
// key, since that key is what it holds. The key is locked once for each secret, so any of them
// opens it.
type lockDoc struct {
	// What the rest of the store was written by. A program that is too old stops here, before it
	// misreads anything else.
	Format uint `cbor:"1,keyasint"`
	// AES-256-GCM boxes of one and the same key, in the order of the secrets that wrote them.
	Locks [][]byte `cbor:"2,keyasint"`
}

// Open makes a Ledger of a store, which stays the caller's to close, after Close of the Ledger. An
// empty store becomes one of these secrets. The error is ErrOtherSecret where none of the secrets
// opens it, and one that names both formats where the store is newer than this program. What an
// earlier process left is finished in the background, so that opening takes no longer after a
// crash.
func Open(ctx context.Context, store Store, cfg Config) (*Ledger, error) {
	l := &Ledger{
		store: store, secrets: cfg.Secrets, keep: cfg.Keep, now: cfg.Now,
		exposed: cfg.Exposed, failed: cfg.Failed, share: cfg.Share,
		exposures: exposures{wake: make(chan struct{}, 1)}, unfinished: make(chan struct{}, 1),
		links: links{wake: make(chan struct{}, 1)},
	}
	if l.keep == 0 {
		l.keep = DefaultKeep
	}
	if l.now == nil {
		l.now = time.Now
	}
	if l.share == nil {
		l.share = func(string) int { return 0 }
	}
	if l.exposed == nil {
		l.exposed = func(Exposure) {}
	}
	if l.failed == nil {
		l.failed = func(string, error) {}
	}
	key, err := unlockStore(ctx, store, cfg.Secrets)
	if err != nil {
		return nil, err
	}
	if l.codec, err = newCodec(key, l.now); err != nil {
		return nil, err
	}
	// Not the context of the caller, which ends when the ledger is open.
	ctx, l.stop = context.WithCancel(context.Background())
	l.done.Go(func() { l.writeExposures(ctx) })
	l.done.Go(func() { l.writeLinks(ctx) })
	l.done.Go(func() { l.keepFinishing(ctx) })
	return l, nil
}

// Close writes what waits, and ends what runs in the background. It does not close the store. What
// is outstanding stays in its row, for the next process.
func (l *Ledger) Close() {
	l.stop()
	l.done.Wait()
}

// unlockStore reads the store's key. It is locked anew where the secrets have changed, so that the
// old one may be taken away afterwards. All of it is one change, so that two nodes which meet an
// empty store agree on one key.
func unlockStore(ctx context.Context, store Store, secrets *Secrets) (key []byte, err error) {
	err = store.Do(ctx, func(s Steps) error {
		return alter(s, Key{kindLock, "key"}, func(old Doc) (Doc, error) {
			var doc lockDoc
			if old.Value == nil {
				key = secrets.storeKey()
			} else {
				if err := readPlain(old.Value, &doc); err != nil {
					return Doc{}, err
				}
				// Written back by this program, a newer document would lose what this one cannot
				// read.
				if doc.Format > format {
					return Doc{}, fmt.Errorf("the ledger has format %d, and this program reads "+
						"up to %d: use the newer program", doc.Format, format)
				}
				var current bool
				var err error
				if key, current, err = secrets.unlock(doc.Locks); err != nil {
					return Doc{}, err
				}
				if current {
					return Doc{}, errUnchanged
				}
			}
			value, err := cborMode.Marshal(lockDoc{Format: format, Locks: secrets.lock(key)})
			return Doc{Value: value}, err
		})
	})
	return key, err
}
