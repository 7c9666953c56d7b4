package ledger

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/zotlo"
)

const (
	// noteLife is the least that it is known who paid. Any node that hears of a payment notes it,
	// whatever campaigns they know; how long it matters is decided by the asker.
	noteLife = 31 * 24 * time.Hour
	// maxNotes bounds the payments that are known of one subscriber, the newest ones.
	maxNotes = 16
	// maxNoteText bounds what a store keeps under one key, in bytes.
	maxNoteText = 4000
)

// This file knows who has paid. Each subscriber has one value in the store: their last payments, as
// notes. A refund is a value of its own, by its transaction, since it may come before its payment
// and may name no subscriber.

// note is a payment of one subscriber.
type note struct {
	at          time.Time
	transaction string // empty if the webhook named none
	campaign    string // empty for a payment that no link of ours led to
}

// notes are a subscriber's payments, the newest first, and their text: a line each. A line is the
// time in Unix seconds, the transaction and the campaign, with tabs between them.
type notes []note

// readNotes reads what notes.String wrote. A line of another form is passed over, so that a newer
// node may write more.
func readNotes(text string) (list notes) {
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			continue
		}
		at, err := strconv.ParseInt(fields[0], 10, 64)
		if err == nil {
			list = append(list, note{time.Unix(at, 0), fields[1], fields[2]})
		}
	}
	return list
}

// String is the text of the newest notes, as many as maxNotes and maxNoteText allow. The oldest are
// left out: they are the first to be of no interest.
func (list notes) String() string {
	var b strings.Builder
	for i, n := range list {
		line := strconv.FormatInt(n.at.Unix(), 10) + "\t" + n.transaction + "\t" + n.campaign + "\n"
		if i == maxNotes || b.Len()+len(line) > maxNoteText {
			break
		}
		b.WriteString(line)
	}
	return b.String()
}

// with adds a payment. One that is known already stays as it is. Its time is that of the first
// delivery: a repeat must not make a payment younger.
func (list notes) with(n note) notes {
	known := func(old note) bool { return old.transaction == n.transaction && old.campaign == n.campaign }
	if n.transaction != "" && slices.ContainsFunc(list, known) {
		return list
	}
	return append(notes{n}, list...)
}

// without takes the newest payment for the campaign away, whichever that was for no campaign: a
// refund that names no transaction can be of any.
func (list notes) without(campaign string) notes {
	i := slices.IndexFunc(list, func(n note) bool { return campaign == "" || n.campaign == campaign })
	if i < 0 {
		return list
	}
	// The list is cloned, because the caller compares it with what was read.
	return slices.Delete(slices.Clone(list), i, i+1)
}

// PaidRecently reports whether a payment of the subscriber, for this campaign or for none, is less
// than within old and was not given back. What cannot be looked up was not paid: a second checkout
// is better than none.
func (l *Ledger) PaidRecently(
	ctx context.Context, subscriber, campaign string, within time.Duration, now time.Time,
) bool {
	text, _, err := l.shared.Recall(ctx, paidKey(subscriber))
	for _, n := range readNotes(text) {
		// A note without a campaign counts for each of them: nobody knows what was bought.
		if n.campaign != campaign && n.campaign != "" || !now.Before(n.at.Add(within)) {
			continue
		}
		// Refunds are looked up last, and only of payments that matter: most subscribers have none.
		refunded := false
		if n.transaction != "" {
			_, refunded, err = l.shared.Recall(ctx, refundedKey(n.transaction))
		}
		if err == nil && !refunded {
			return true
		}
	}
	if err != nil && ctx.Err() == nil { // else the shopper left, and nothing failed
		l.failed(err)
	}
	return false
}

// notePayment notes when a subscriber paid. It reads, changes and writes without a lock. Of two
// payments of one subscriber at the same instant one note may be lost, which costs a second
// checkout and no money.
func (l *Ledger) notePayment(ctx context.Context, subscriber string, d Delivery, now time.Time) error {
	text, _, err := l.shared.Recall(ctx, paidKey(subscriber))
	if err != nil {
		return err
	}
	paid := note{now, plain(d.Event.TransactionID), plain(AttributionOf(d.Event).Campaign)}
	list := readNotes(text).with(paid).String()
	// A repeat writes nothing, so it does not make the note live longer.
	if list == text {
		return nil
	}
	return l.shared.Remember(ctx, paidKey(subscriber), list, max(noteLife, d.Keep))
}

// noteRefund takes a refund's own transaction back, for every subscriber it was noted for, and
// though its payment is heard of only later. A part of the money takes nothing back, until the
// parts reach the price.
func (l *Ledger) noteRefund(ctx context.Context, d Delivery) error {
	transaction := plain(d.Event.TransactionID)
	amount, part := givesBack(d.Event)
	switch {
	// A part of a payment that nobody names cannot be added to the other parts.
	case transaction == "" && part:
		return nil
	case transaction == "":
		return l.takeNewestBack(ctx, d)
	// The whole price given back in parts is a refund as any other.
	case part:
		whole, err := l.addPart(ctx, d, amount)
		if err != nil || !whole {
			return err
		}
	}
	return l.shared.Remember(ctx, refundedKey(transaction), "1", max(noteLife, d.Keep))
}

// addPart adds a part of the money of a transaction that was given back, once however often it is
// heard of, and reports whether the parts reach the price. The parts stand in one text, a line
// each: a digest that names the refund, and its amount as the integer of money.Amount. When the
// text is full, further parts are not added, and the payment stands.
func (l *Ledger) addPart(ctx context.Context, d Delivery, amount money.Amount) (whole bool, err error) {
	key := "refunds:" + plain(d.Event.TransactionID)
	text, _, err := l.shared.Recall(ctx, key)
	if err != nil {
		return false, err
	}
	line := digest(paymentID(d.Event)) + "\t" + strconv.FormatInt(int64(amount), 10) + "\n"
	// A refund that is in the list was heard of before: Zotlo repeats webhooks.
	if !strings.Contains(text, line) && len(text)+len(line) <= maxNoteText {
		text += line
		if err := l.shared.Remember(ctx, key, text, max(noteLife, d.Keep)); err != nil {
			return false, err
		}
	}
	var sum money.Amount
	for line := range strings.Lines(text) {
		_, number, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		n, _ := strconv.ParseInt(number, 10, 64) // written above
		sum += money.Amount(n)
	}
	// A part is one only beside a price that can be read, as givesBack says.
	price, _ := money.Parse(d.Event.Price)
	return sum >= price, nil
}

// takeNewestBack takes one payment back from each subscriber of a refund that names no transaction:
// the newest for its campaign. It is a guess, and errs to the side of a shopper who may buy again.
func (l *Ledger) takeNewestBack(ctx context.Context, d Delivery) error {
	campaign := AttributionOf(d.Event).Campaign
	for _, subscriber := range d.Subscribers {
		text, _, err := l.shared.Recall(ctx, paidKey(subscriber))
		if err != nil {
			return err
		}
		list := readNotes(text).without(campaign).String()
		if list == text {
			continue
		}
		err = l.shared.Remember(ctx, paidKey(subscriber), list, max(noteLife, d.Keep))
		if err != nil {
			return err
		}
	}
	return nil
}

// note writes a payment down for PaidRecently, or takes it back.
func (l *Ledger) note(ctx context.Context, d Delivery) (err error) {
	// One subscriber that fails does not keep the others from being noted; the first error is told.
	switch d.Event.Kind {
	case zotlo.WebhookPayment:
		for _, subscriber := range d.Subscribers {
			e := again(ctx, func() error { return l.notePayment(ctx, subscriber, d, time.Now()) })
			if err == nil {
				err = e
			}
		}
	case zotlo.WebhookRefund:
		err = again(ctx, func() error { return l.noteRefund(ctx, d) })
	}
	return err
}

// plain keeps what separates notes out of what comes from outside. (Texts of a webhook hold nothing
// that does not print.)
func plain(text string) string { return strings.NewReplacer("\t", " ", "\n", " ").Replace(text) }

// paidKey is where the notes of a subscriber stand. The subscriber is a keyed hash already.
func paidKey(subscriber string) string { return "payments:" + subscriber }

// refundedKey is where it stands that a transaction was given back, no matter who paid it.
func refundedKey(transaction string) string { return "refunded:" + transaction }
