package ledger

import (
	"strconv"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
	"github.com/caddy-checkout/checkout/zotlo"
)

// This file looks at one record of each export: is it known, is it on its way, or is it lacking? An
// export is a list for people, with fewer fields than the webhook has. So it says only that
// something is lacking; what is written down is read from Zotlo by its id (take).

// payment looks at one record of the export of payments. The order of the questions matters: a
// record out of range or seen twice costs no look-up, and only one that is lacking costs a call to
// Zotlo.
func (w *reconciler) payment(r zotlo.Record) error {
	if !w.inRange(r.PurchasedAt) || !w.first("payment", r.TransactionID, r.Status) {
		return nil
	}
	d := Discrepancy{
		Kind: "payment", Transaction: r.TransactionID, Status: r.Status,
		Zotlo: amountText(r.Price, r.Currency),
	}
	sold, err := w.sold(r.TransactionID)
	if err != nil {
		return err
	}
	// One that is there and was never finished counts as lacking: take brings it to its end.
	if c := sold.known(r.Status); c != nil && c.Marks&(markOpen|markUntold) == 0 {
		// A difference is told and not written: which of the two is right, a person must say.
		amount, priced := money.Parse(r.Price)
		if priced && amount != c.Amount || differ(r.Currency, c.Currency) {
			d.What, d.Ledger = diffDiffers, amountText(c.Amount.String(), c.Currency)
			w.found(d)
		}
		return nil
	}
	if w.young(r.PurchasedAt) {
		d.What = diffOnItsWay
		w.found(d)
		return nil
	}
	return w.take(d, func(read zotlo.Event) []zotlo.Event { return []zotlo.Event{read} })
}

// known is the charge of a status; of any where the export does not say one.
func (d *sale) known(status string) *charge {
	if status == "" && len(d.Charges) > 0 {
		return &d.Charges[0]
	}
	return d.find(text(status))
}

// refund looks at one record of the export of refunds. The export gives a refund no id that a
// webhook has, so it is found by amount and date.
func (w *reconciler) refund(r zotlo.Record) error {
	// The page "Refund Records Export" lists by the day on which the refund was created, which may
	// be months after the payment.
	at := r.RefundedAt
	if at.IsZero() {
		at = r.CreatedAt
	}
	date := strconv.FormatInt(unix(at), 10)
	if !w.inRange(at) || !w.first("refund", r.TransactionID, r.RefundPrice, date, r.ID) {
		return nil
	}
	d := Discrepancy{
		Kind: "refund", Transaction: r.TransactionID, Status: r.Status,
		Zotlo: amountText(r.RefundPrice, r.Currency),
	}
	sold, err := w.sold(r.TransactionID)
	if err != nil || sold.gaveBack(r.Event, at) {
		return err
	}
	if w.young(at) {
		d.What = diffOnItsWay
		w.found(d)
		return nil
	}
	return w.take(d, func(read zotlo.Event) []zotlo.Event {
		refund := read
		refund.Kind, refund.RefundPrice, refund.RefundedAt = zotlo.WebhookRefund, r.RefundPrice, at
		refund.CreatedAt = at
		// If the payment is lacking as well, it must be in before its refund. If it is known, this
		// changes nothing.
		return []zotlo.Event{read, refund}
	})
}

// gaveBack reports whether a refund is known: by its amount and its instant, or since all of the
// price was given back already. A refund that waits for its payment is known: its webhook has done
// all that it can.
func (d *sale) gaveBack(e zotlo.Event, at time.Time) bool {
	said, _ := money.Parse(e.RefundPrice)
	said = max(said, -said)
	for _, r := range d.Refunds {
		if (r.Said == said || r.Counted == said) && (r.At == unix(at) || r.At == 0) {
			// Not yet where its webhook was not finished.
			return r.Marks&(markOpen|markUntold) == 0 || r.Marks&markWaiting != 0
		}
	}
	return d.takenBack() && d.given() >= d.price()
}

// subscription looks at one record of the export of subscriptions. Only a state that would change
// something is told. Exports lag behind webhooks, and an older state is no discrepancy.
func (w *reconciler) subscription(r zotlo.Record) error {
	// A record bears no instant of its own. Its newest date that is not in the future stands in.
	at := r.AsOf(w.now())
	if at.IsZero() || r.Sandbox != w.Sandbox && r.Sandbox {
		return nil
	}
	e := r.Event
	e.Kind, e.CreatedAt = zotlo.WebhookStatus, at
	heard := stateOf(e, at)
	if heard.Status == "" {
		return nil // nobody knows what it says
	}
	var o origin
	_, err := look(w.codec, w.reader(w.ctx), w.originKey(w.Project, e.OriginalID), &o)
	if err != nil || e.OriginalID == "" || !o.wouldHear(heard) {
		return err
	}
	d := Discrepancy{
		Kind: "subscription", Transaction: e.OriginalID, Status: string(heard.Status),
		What: diffLacking, Ledger: string(o.State.Status),
	}
	if o.State.Status != "" {
		d.What = diffDiffers
	}
	if w.young(at) {
		d.What = diffOnItsWay
		w.found(d)
		return nil
	}
	if w.Apply {
		if err := w.record(e); err != nil {
			return err
		}
		d.Applied = true
	}
	w.found(d)
	return nil
}

// wouldHear reports whether a state says something that is not known, and is not older. What the
// record leaves out is no difference, as exports have fewer columns than webhooks have fields.
func (o *origin) wouldHear(s state) bool {
	same := o.State.Status == s.Status && (s.Expires == 0 || o.State.Expires == s.Expires) &&
		o.State.Frozen == s.Frozen && (s.Package == "" || o.State.Package == s.Package)
	return !same && s.At > o.State.At
}

// amountText is an amount with its currency, or nothing. It is for the report that a person reads.
func amountText(amount, currency string) string {
	if amount == "" {
		return ""
	}
	return amount + " " + currency
}
