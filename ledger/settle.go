package ledger

import (
	"slices"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// This file has the effects of a transaction on other documents: on what it goes back to, on the
// persons it touches, on the experiment that it belongs to, on the offer that it spends, and on the
// sums. Each of them may be
// done twice.

// settle does the effects of a sale that are outstanding. The delivery does them, or its repeat, or
// finish, or several of these at once. The origin goes first, because it may know more subjects,
// and what subjects are told is its state.
func (l *Ledger) settle(s Steps, key Key, d *sale) error {
	if !d.open() {
		return nil
	}
	root, err := l.settleOrigin(s, key, d)
	if err != nil {
		return err
	}
	// A renewal may name nobody, or one address of two: the subscription knows all of them.
	subjects := slices.Clone(d.Subjects)
	if root != nil {
		subjects = root.Subjects
	}
	at := l.originKey(d.Project, d.original())
	for _, id := range subjects {
		err := l.tell(s, string(id), func(p *person) bool {
			changed := d.tell(p, short(key.ID))
			return root.tell(p, at) || changed
		})
		if err != nil {
			return err
		}
	}
	if err := l.attribute(s, key, d); err != nil {
		return err
	}
	if err := l.spend(s, key, d); err != nil {
		return err
	}
	return l.sum(s, key, d)
}

// open reports whether effects are outstanding. A refund that waits has no effects yet: what it
// takes back is not known without its payment.
func (d *sale) open() bool {
	return slices.ContainsFunc(d.Charges, func(c charge) bool { return c.Marks&markOpen != 0 }) ||
		slices.ContainsFunc(d.Refunds, func(r refund) bool {
			return r.Marks&markOpen != 0 && r.Marks&markWaiting == 0
		})
}

// settleOrigin has what the transaction goes back to follow. It is nil for a one-time purchase,
// which nothing goes back to.
func (l *Ledger) settleOrigin(s Steps, key Key, d *sale) (*origin, error) {
	if !d.subscription() || d.original() == "" || len(d.Charges) == 0 {
		return nil, nil
	}
	root := new(origin)
	at := l.originKey(d.Project, d.original())
	err := change(l.codec, s, at, func(o *origin) (time.Time, error) {
		o.changed(l.now())
		o.Project, o.Original = d.Project, text(d.original())
		o.Subjects = with(o.Subjects, d.Subjects)
		switch {
		// What the first charge said is never replaced.
		case o.Begun:
		// This is the first charge, whatever stood in for it until now.
		case d.begins():
			o.Begun, o.By = true, d.By
			o.Upsell = d.Charges[0].Type == typeUpsell
		// A renewal was heard of earlier than the first charge, and stands in for it.
		case o.By.empty():
			o.By = d.By
		}
		for i, c := range d.Charges {
			o.charged(short(key.ID), c, d.packageOf(i))
		}
		if d.takenBack() {
			o.givenBack(short(key.ID), d.takenBackAt())
		}
		// The subjects are told what was written, so the copy is taken inside the step.
		*root = *o
		return o.until(l.now(), l.keep), nil
	})
	return root, err
}

// tell changes a person's document, if there is something new. Where nothing is new nothing is
// written, so a repeat costs a read. A change moves the end of the document, for something in it is
// young again.
func (l *Ledger) tell(s Steps, id string, news func(*person) (changed bool)) error {
	return change(l.codec, s, Key{kindPerson, id}, func(p *person) (time.Time, error) {
		if !news(p) {
			return time.Time{}, errUnchanged
		}
		return p.until(l.now(), l.keep), nil
	})
}

// tell has a person's document follow the transaction.
func (d *sale) tell(p *person, transaction []byte) (changed bool) {
	for _, c := range d.Charges {
		changed = p.happened(c.happened()) || changed
		// A renewal is two events: campaigns may ask for payments or for renewals.
		if c.label() == "renewal" {
			changed = p.happened(happening{Name: "zotlo.renewal", At: c.Created}) || changed
		}
	}
	for _, r := range d.Refunds {
		changed = p.happened(happening{Name: "zotlo.refund", At: r.Created}) || changed
	}
	// A refund alone. If it names a transaction, it waits and is told with its payment.
	if len(d.Charges) == 0 {
		if d.Transaction == "" && d.takenBack() {
			changed = p.takeBack(d.By.Campaign) || changed
		}
		return changed
	}
	// Copies of the sale may be told in any order. The version keeps an older one from undoing what
	// a newer one said.
	return p.paid(note{
		Transaction: transaction, Campaign: d.By.Campaign, Heard: d.Charges[0].Heard,
		Back: d.takenBack(), Version: d.Version,
	}) || changed
}

// happened is the event that a charge is to its subscriber: a trial, or a payment above 0. A price
// that could not be read counts as 0, and so as a trial.
func (c charge) happened() happening {
	if c.Amount > 0 {
		return happening{Name: "zotlo.payment", At: c.Created}
	}
	return happening{Name: "zotlo.trial", At: c.Created}
}

// tell has a person's document follow the subscription. A nil origin says nothing.
func (o *origin) tell(p *person, key Key) (changed bool) {
	if o == nil || o.State.Status == "" {
		return false
	}
	return p.subscribed(subscription{
		Origin: short(key.ID), Project: o.Project, Package: o.State.Package,
		Until: unix(o.runsUntil()), Version: o.Version,
	})
}

// recordState writes a subscription's state down, and tells everybody whom the subscription is
// about. Each step may be done twice, and the row of what is outstanding brackets them, as in
// recordSale.
func (l *Ledger) recordState(s Steps, project string, e zotlo.Event, subjects [][]byte) error {
	if e.OriginalID == "" && e.TransactionID != "" { // that of the last payment leads there, too
		var last sale
		sale := l.saleKey(Delivery{Project: project, Event: e})
		if _, err := look(l.codec, s.Read, sale, &last); err != nil {
			return err
		}
		e.OriginalID = last.original()
	}
	key := l.originKey(project, e.OriginalID)
	if e.OriginalID == "" { // then whom it is about and what they bought must name it
		names := []string{"subscription", project, e.PackageID}
		for _, id := range subjects {
			names = append(names, string(id))
		}
		key.ID = l.codec.hash(names...)
	}
	once := identity(e)
	if err := l.outstanding(s, key, "begin "+once, 1); err != nil {
		return err
	}
	// Without an instant of Zotlo's, the state is as old as its arrival.
	heard := stateOf(e, l.now())
	var root origin
	err := change(l.codec, s, key, func(o *origin) (time.Time, error) {
		o.changed(l.now())
		o.Project, o.Original = project, text(e.OriginalID)
		o.Subjects = with(o.Subjects, subjects)
		if heard.Status != "" {
			o.hear(heard)
		}
		root = *o
		return o.until(l.now(), l.keep), nil
	})
	if err != nil {
		return err
	}
	for _, id := range root.Subjects {
		err := l.tell(s, string(id), func(p *person) bool {
			// The subscription is told as it stands now, which may be newer than what came. The
			// event is that of the webhook, with its own instant.
			changed := root.tell(p, key)
			return heard.tell(p) || changed
		})
		if err != nil {
			return err
		}
	}
	return l.outstanding(s, key, "end "+once, -1)
}

// tell notes the event that a state is to its subscriber. The instant is Zotlo's, so a late webhook
// does not make an old cancellation young. A pause is no event: what Zotlo says of one is not known
// well enough.
func (s state) tell(p *person) (changed bool) {
	var name text
	switch s.Status {
	case statusCancelled:
		name = "zotlo.cancel"
	case statusGrace:
		name = "zotlo.grace"
	case statusPassive:
		name = "zotlo.expired"
	default:
		return false
	}
	return p.happened(happening{Name: name, At: s.At})
}
