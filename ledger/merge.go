package ledger

import (
	"reflect"
	"time"
)

// This file joins two documents of the same: what one of them lacks comes out of the other. In
// which order they are joined makes no difference, so an import may be done again.

// merge takes in what another document of the same transaction holds and this one lacks. What is
// here wins over what comes, because its effects are done and its sums are written. Charges and
// refunds are told apart as in a webhook, so an export of the same shop adds nothing.
func (d *sale) merge(from *sale) (changed bool) {
	if len(d.Charges) == 0 && len(d.Refunds) == 0 {
		d.Project, d.Transaction, d.Original = from.Project, from.Transaction, from.Original
		d.PaymentType, d.By = from.PaymentType, from.By
	}
	d.Subjects = with(d.Subjects, from.Subjects)
	for i, c := range from.Charges {
		if d.find(c.Status) == nil {
			// That its effects were done elsewhere says nothing here, so all are outstanding. Stale
			// is a decision, and stays.
			c.Marks = c.Marks&markStale | markOpen | markUntold
			d.enterCharge(c, from.packageOf(i))
			changed = true
		}
	}
	for _, r := range from.Refunds {
		if d.findRefund(r) == nil {
			waiting := r.Marks&markWaiting != 0 || d.Transaction != ""
			r.Marks = r.Marks&markWhole | markOpen | markUntold
			if waiting { // it is settled anew, among those that are here
				r.Counted, r.Marks = 0, markOpen|markUntold|markWaiting
			}
			d.Refunds = append(d.Refunds, r)
			changed = true
		}
	}
	if changed {
		d.Version++
		d.settleRefunds()
	}
	return changed
}

// merge takes in what another document of the same subscription holds and this one lacks. Versions
// of two ledgers cannot be compared, so instants decide what is newer.
func (o *origin) merge(from *origin, now time.Time) (changed bool) {
	before, by, begun, subjects := o.State, o.By, o.Begun, len(o.Subjects)
	// The key was found by them, so they are the same, or the document is new.
	o.Project, o.Original = from.Project, from.Original
	o.Subjects = with(o.Subjects, from.Subjects)
	switch {
	case o.Begun:
	case from.Begun:
		o.Begun, o.By, o.Upsell = true, from.By, from.Upsell
	case o.By.empty():
		o.By = from.By
	}
	// The rules are those for webhooks in any order: an import is just one more order.
	o.hear(from.State)
	last := o.Last
	o.bought(from.Last.Transaction, from.Last.At)
	if from.Last.Back > 0 {
		o.givenBack(from.Last.Transaction, from.Last.Back)
	}
	changed = last.At != o.Last.At || last.Back != o.Last.Back || o.State != before ||
		!reflect.DeepEqual(o.By, by) || o.Begun != begun || len(o.Subjects) != subjects
	if changed {
		o.changed(now)
	}
	return changed
}
