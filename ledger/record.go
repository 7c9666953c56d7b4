package ledger

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/zotlo"
)

// This file takes a webhook in. What it says is written first, marked as outstanding; then its
// effects on other documents follow, each of which may be done twice; then the mark goes. So a
// crash between any two steps loses nothing: a repeat, or the next start, does what is left. Zotlo
// takes nothing but 200 for an answer (its page "Webhooks Overview"): after an error the delivery
// comes again.

// markLife is how long a delivery's id is known: longer than Zotlo repeats a webhook. That page has
// five repeats, the last one within three hours. A payment that comes after its mark is gone is
// still found in its sale.
const markLife = 8 * 24 * time.Hour

// markSize is the length of a mark's id, in bytes: 96 bits, for it lives for days. That two of a
// million marks meet is as likely as that one guess hits a number of 57 bits.
const markSize = 12

// Delivery is one webhook as it came, and what its receiver knows beyond it.
type Delivery struct {
	// Project is whose webhook it is, by name.
	Project string
	Event   zotlo.Event
	// Identifies a delivery that bears no id.
	Body []byte
	// Payer is the hash of the subscriber whom the webhook names; empty if it names none.
	Payer string
	// Former are the hashes that the payer had under former secrets: what was known of them goes on.
	Former []string
	// Attribution is what Secrets.Read found in the webhook. Its subscriber, whom the link was for,
	// counts as well as the payer: a shopper may change their address on the checkout page.
	Attribution Attribution
	// Heard is when it was heard of; zero is now. What is read afterwards was heard of when it
	// happened.
	Heard time.Time
	// Unfinished says that work which goes with the delivery failed, and that it will be repeated.
	// Then it is written down and not counted; the repeat counts.
	Unfinished bool
}

// News says what was new in a delivery. Metrics, log and events follow it, so nothing is counted
// twice, and nothing by who asks first.
type News struct {
	// Repeated is set when all of it was processed before, whatever id it came under.
	Repeated bool
	// Counted is set when the delivery counts: this call was the one that finished it.
	Counted bool
	// Payment is set for a payment that counts, Refunds for each refund that does: one that waited
	// for its payment counts with it.
	Payment *Payment
	Refunds []Refund
}

// Source is what a payment is attributed to; its fields may be empty.
type Source struct{ Campaign, Experiment, Variant, Partner string }

// Payment is a payment that counts. It has no id of a transaction or person, since it goes into
// metrics, logs and events.
type Payment struct {
	Source
	// Trial, start_paid, trial_to_paid, renewal, reactive, consumable, upsell, _other.
	Type     string
	Amount   money.Amount
	Currency string
	// Stale says that its attribution was too old, or somebody else's: it is for no campaign.
	Stale bool
	// Discounted says that a code cut the price of a first charge.
	Discounted bool
	// Mismatches are in what a first charge differs from what its link or page said, and whether the
	// offer that it was made by was spent before.
	Mismatches []string
}

// Refund is a refund that counts. It bears the attribution of its payment, so that a campaign's
// money is what it keeps.
type Refund struct {
	Source
	// Of the payment.
	Type     string
	Amount   money.Amount
	Currency string
	// Whole says that nothing of the payment is left.
	Whole bool
}

// Repeated reports whether a delivery was processed before, by anybody of the fleet: then nothing
// is left to be done for it, and nothing of it is to be done again. It only reads, so a receiver
// can ask it before it spends a call to Zotlo on proof.
func (l *Ledger) Repeated(ctx context.Context, d Delivery) (bool, error) {
	return l.repeated(l.reader(ctx), d)
}

// reader reads documents outside of any step.
func (l *Ledger) reader(ctx context.Context) func(...Key) ([]Doc, error) {
	return func(keys ...Key) ([]Doc, error) { return l.store.Read(ctx, keys...) }
}

// repeated asks the mark first, which answers for every kind of delivery. Without one, the sale may
// know the same payment under another id: whether a repeat keeps its request id, Zotlo does not
// say.
func (l *Ledger) repeated(read func(...Key) ([]Doc, error), d Delivery) (bool, error) {
	key := l.saleKey(d)
	docs, err := read(l.markKey(d), key)
	if err != nil || docs[0].Value != nil {
		return err == nil, err
	}
	var sold sale
	if _, _, err := l.codec.unpack(key, docs[1], &sold); err != nil {
		return false, err
	}
	marks, found := sold.progress(d.Event)
	return found && marks&(markOpen|markUntold) == 0, nil
}

// progress is how far what a webhook says has come. A state has none: only the mark tells that it
// was heard.
func (d *sale) progress(e zotlo.Event) (m marks, found bool) {
	switch e.Kind {
	case zotlo.WebhookPayment:
		if c := d.find(text(e.Status)); c != nil {
			return c.Marks, true
		}
	case zotlo.WebhookRefund:
		if r := d.findRefund(refundOf(e, time.Time{})); r != nil {
			if r.Marks&markWaiting != 0 {
				return 0, true // nothing can be done for it now
			}
			return r.Marks, true
		}
	}
	return 0, false
}

// Record writes down what a delivery says and returns once that is durable. A delivery that was
// processed before changes nothing. After an error the delivery must be repeated: what was done of
// it already is not done again.
func (l *Ledger) Record(ctx context.Context, d Delivery) (news News, err error) {
	if d.Heard.IsZero() {
		d.Heard = l.now()
	}
	err = l.store.Do(ctx, func(s Steps) error {
		// The store may call this again, and what an earlier call found is not news then.
		news = News{}
		repeated, err := l.repeated(s.Read, d)
		if err != nil || repeated {
			news.Repeated = repeated
			return err
		}
		switch d.Event.Kind {
		case zotlo.WebhookPayment, zotlo.WebhookRefund:
			news, err = l.recordSale(s, d)
		case zotlo.WebhookStatus:
			news.Counted = !d.Unfinished
			// The newest state wins, so one that is heard twice changes nothing.
			err = l.recordState(s, d.Project, d.Event, l.subjects(d))
		default:
			// What this version does not know counts once, by its mark, and has no effects.
			news.Counted = !d.Unfinished
		}
		// An unfinished one gets no mark: its repeat would be taken for processed.
		if err != nil || d.Unfinished {
			return err
		}
		return l.mark(s, d)
	})
	if err != nil {
		return News{}, err
	}
	return news, nil
}

// mark notes that a delivery was processed. It comes last. After a crash before it, the repeat
// finds all else done, and changes nothing. That the document is there says everything, so one byte
// is enough.
func (l *Ledger) mark(s Steps, d Delivery) error {
	until := l.now().Add(markLife)
	return s.Change(l.markKey(d), func(Doc) (Doc, error) {
		return Doc{Value: []byte{1}, Until: until}, nil
	})
}

// markKey is that of a delivery: by its kind and request id, else by its text.
func (l *Ledger) markKey(d Delivery) Key {
	if id := d.Event.RequestID; id != "" {
		return Key{kindMark, l.codec.hash("request", d.Project, d.Event.Kind, id)[:markSize]}
	}
	// A repeat that was written anew has another text, and is a delivery of its own. Its payment is
	// known all the same, by the transaction.
	digest := sha256.Sum256(d.Body)
	return Key{kindMark, l.codec.hash("body", d.Project, string(digest[:]))[:markSize]}
}

// saleKey is that of a transaction. What names none is one by its delivery. The project is hashed
// as well: nobody promises that the ids of two projects differ.
func (l *Ledger) saleKey(d Delivery) Key {
	if id := d.Event.TransactionID; id != "" {
		return Key{kindSale, l.codec.hash("transaction", d.Project, id)}
	}
	return Key{kindSale, l.codec.hash("delivery", l.markKey(d).ID)}
}

// originKey is that of an original transaction. The hash is also that of the sale which began it;
// the kinds keep the two apart.
func (l *Ledger) originKey(project, original string) Key {
	return Key{kindOrigin, l.codec.hash("transaction", project, original)}
}

// subjects are the ids of the persons whom a delivery is about. Both may pay and both may click, so
// both are told. Where they are one, sale.add drops the second.
func (l *Ledger) subjects(d Delivery) (ids [][]byte) {
	for _, hash := range []string{d.Payer, d.Attribution.Subscriber} {
		if hash != "" {
			ids = append(ids, []byte(l.codec.personKey(hash).ID))
		}
	}
	return ids
}
