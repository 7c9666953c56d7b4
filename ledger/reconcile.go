package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// This file compares the ledger with Zotlo's exports, and takes in what a webhook that never came
// would have said. What is lacking is read by its transaction, and taken from that alone; it then
// goes the way of a webhook, so that doing it twice changes nothing.

// onItsWay is how young a record may be to be waited for: Zotlo repeats a webhook for hours. Its
// page "Webhooks Overview" has them after 10 minutes, three times after 30 more, and after an hour.
const onItsWay = 3 * time.Hour

// Reconciliation is what to compare, and how.
type Reconciliation struct {
	Project string // by name
	Client  *zotlo.Client
	// Sandbox says which world is this project's. What belongs to the other one is left out.
	Sandbox bool
	// Since is the oldest purchase, and the oldest refund, that is looked at. What is older than
	// facts are kept is left out in any case.
	Since time.Time
	// Apply takes in what is lacking. Without it, nothing is changed.
	Apply bool
	// Hash is the subscriber's hash of an id, and those that they had under former secrets.
	Hash func(subscriberID string) (hash string, former []string)
	// Found is told of each difference, Progress of how many records were read. Optional.
	Found    func(Discrepancy)
	Progress func(export string, records int)
	// Took is told of what was taken in, as after a webhook. Optional.
	Took func(zotlo.Event, News)
}

// Discrepancy is what the ledger lacks, or holds otherwise than Zotlo.
type Discrepancy struct {
	// Payment, refund or subscription.
	Kind        string `json:"kind"`
	Transaction string `json:"transaction_id"`
	Status      string `json:"status,omitempty"`
	// What is lacking, differs, on_its_way, other_world or unknown: an export lists it, and Zotlo
	// does not know the transaction.
	What string `json:"what"`
	// Amount and currency.
	Zotlo   string `json:"zotlo,omitempty"`
	Ledger  string `json:"ledger,omitempty"`
	Applied bool   `json:"applied,omitempty"`
}

// The values of Discrepancy.What.
const (
	diffLacking    = "lacking"
	diffDiffers    = "differs"
	diffOnItsWay   = "on_its_way"
	diffOtherWorld = "other_world"
	diffUnknown    = "unknown"
)

// Reconcile compares payments, refunds and subscriptions, in that order. An error means that Zotlo
// could not be asked, or the ledger: then the differences that were told are good, and others are
// missing. It may be stopped by ctx and done again. The order is that of what follows from what: a
// refund needs its payment.
func (l *Ledger) Reconcile(ctx context.Context, r Reconciliation) error {
	// What the ledger has dropped on purpose would look lacking, and be counted again.
	if oldest := l.now().Add(-l.keep); r.Since.Before(oldest) {
		r.Since = oldest
	}
	w := &reconciler{Ledger: l, Reconciliation: r, ctx: ctx, seen: map[string]bool{}}
	for _, export := range []struct {
		name    string
		records *zotlo.Export
		look    func(zotlo.Record) error
	}{
		{"payments", r.Client.Payments(r.Since, l.now()), w.payment},
		{"refunds", r.Client.Refunds(r.Since, l.now()), w.refund},
		{"subscriptions", r.Client.Subscriptions(r.Since, l.now()), w.subscription},
	} {
		n := 0
		for record, err := range export.records.Records(ctx) {
			if err != nil {
				return fmt.Errorf("reading Zotlo's %s: %w", export.name, err)
			}
			if err := export.look(record); err != nil {
				return err
			}
			if n++; r.Progress != nil && n%100 == 0 {
				r.Progress(export.name, n)
			}
		}
		if r.Progress != nil {
			r.Progress(export.name, n)
		}
	}
	return nil
}

// reconciler is one run of Reconcile.
type reconciler struct {
	*Ledger
	Reconciliation
	ctx  context.Context
	seen map[string]bool // records may come twice
}

// first reports whether a record was not seen before. An export may have a million records, so a
// short hash of each is kept.
func (w *reconciler) first(parts ...string) bool {
	id := w.codec.hash(parts...)
	known := w.seen[id]
	w.seen[id] = true
	return !known
}

func (w *reconciler) found(d Discrepancy) {
	if w.Found != nil {
		w.Found(d)
	}
}

// inRange reports whether an instant is to be looked at; one that is not said is.
func (w *reconciler) inRange(at time.Time) bool { return at.IsZero() || !at.Before(w.Since) }

// young reports whether the webhook may still come.
func (w *reconciler) young(at time.Time) bool { return w.now().Sub(at) < onItsWay }

// sold is the document of a transaction. It is empty where there is none, and then lacks
// everything.
func (w *reconciler) sold(id string) (d sale, err error) {
	key := w.saleKey(Delivery{Project: w.Project, Event: zotlo.Event{TransactionID: id}})
	_, err = look(w.codec, w.reader(w.ctx), key, &d)
	return d, err
}

// take reads a transaction, and takes in what follows from it. The record of an export only says
// where to look.
func (w *reconciler) take(d Discrepancy, events func(read zotlo.Event) []zotlo.Event) error {
	read, err := w.Client.Transaction(w.ctx, d.Transaction, w.Sandbox)
	switch {
	case errors.Is(err, zotlo.ErrUnknownTransaction):
		return w.elsewhere(d)
	case err != nil:
		return fmt.Errorf("reading a transaction: %w", err)
	}
	d.What = diffLacking
	if w.Apply {
		for _, e := range events(read) {
			if err := w.record(e); err != nil {
				return err
			}
		}
		d.Applied = true
	}
	w.found(d)
	return nil
}

// elsewhere tells of a transaction that this project's world does not know. What neither sandbox
// nor live records know is told, too: only Zotlo can explain it.
func (w *reconciler) elsewhere(d Discrepancy) error {
	d.What = diffUnknown
	_, err := w.Client.Transaction(w.ctx, d.Transaction, !w.Sandbox)
	switch {
	case err == nil:
		d.What = diffOtherWorld
	case !errors.Is(err, zotlo.ErrUnknownTransaction):
		return fmt.Errorf("reading a transaction: %w", err)
	}
	w.found(d)
	return nil
}

// record takes an event in as its webhook would have been. It was heard of when it happened, or a
// payment of last month would stop clicks of today. Its text is the same every time, so that a
// second run finds its mark.
func (w *reconciler) record(e zotlo.Event) error {
	if e.CreatedAt.IsZero() {
		e.CreatedAt = e.PurchasedAt
	}
	e.RequestID = "" // of no delivery
	d := Delivery{
		Project: w.Project, Event: e, Heard: e.CreatedAt,
		Body:        []byte("reconciled\x00" + e.TransactionID + "\x00" + identity(e)),
		Attribution: w.secrets.Read(e.Checkout...),
	}
	if e.SubscriberID != "" {
		d.Payer, d.Former = w.Hash(e.SubscriberID)
	}
	news, err := w.Record(w.ctx, d)
	if err != nil {
		return fmt.Errorf("writing what was lacking: %w", err)
	}
	if w.Took != nil && news.Counted {
		w.Took(e, news)
	}
	return nil
}
