package ledger

import (
	"errors"
	"time"
)

// This file has what an import does with each kind of fact.

// key is where a fact belongs here: by what it names, else by its id, if that means the same. A
// name is hashed under the key of this ledger; an id is a hash under that of the other.
func (in *importer) key(kind Kind, project, transaction string, id []byte) (Key, bool) {
	if transaction != "" {
		return Key{kind, in.codec.hash("transaction", project, transaction)}, true
	}
	return Key{kind, string(id)}, in.same && len(id) == idSize
}

// takeSale takes in the payments and refunds of a transaction that are lacking. The document keeps
// its own sums and marks; only what was lacking is outstanding, and settle does that alone.
func (in *importer) takeSale(line exportLine, done *Imported) (bool, error) {
	from := line.Sale
	key, ok := in.key(kindSale, from.Project, string(from.Transaction), line.ID)
	if !ok {
		done.Passed++
		return false, nil
	}
	// Whether it is lacking here or not, its day is made from it.
	in.note(from)
	taken := false
	err := in.store.Do(in.ctx, func(s Steps) error {
		var sold sale
		taken = false
		if err := in.outstanding(s, key, "begin import", 1); err != nil {
			return err
		}
		err := changeUntil(in.codec, s, key, func(d *sale, kept time.Time) (time.Time, error) {
			taken = d.merge(from)
			if sold = *d; !taken {
				return time.Time{}, errUnchanged
			}
			return in.lifeOf(line, kept), nil
		})
		if err == nil {
			err = in.settle(s, key, &sold)
		}
		if err != nil {
			return err
		}
		err = changeUntil(in.codec, s, key, func(d *sale, kept time.Time) (time.Time, error) {
			if !d.open() && !taken {
				return time.Time{}, errUnchanged
			}
			d.finish(&sold, Delivery{}) // it was counted where it was heard
			return in.lifeOf(line, kept), nil
		})
		if err != nil {
			return err
		}
		return in.outstanding(s, key, "end import", -1)
	})
	return taken, err
}

// note keeps the day of the oldest fact. Refunds are not asked, for nearly all of them follow a
// payment that is older.
func (in *importer) note(d *sale) {
	for _, c := range d.Charges {
		if at := day(c.Bought); in.oldest == "" || at < in.oldest {
			in.oldest = at
		}
	}
}

// lifeOf is until when an imported document is kept: as long as the export says, for to move a
// ledger must not keep anything for longer. What is here already stays for as long as it would
// have.
func (in *importer) lifeOf(line exportLine, kept time.Time) time.Time {
	until := in.now().Add(in.keep)
	if line.Until != nil {
		until = *line.Until
	}
	if kept.After(until) {
		return kept
	}
	return until
}

// takeOrigin takes in what is lacking of a subscription, or newer. Subscribers are told again, as
// their documents are not in an export.
func (in *importer) takeOrigin(line exportLine, done *Imported) (taken bool, err error) {
	from := line.Origin
	key, ok := in.key(kindOrigin, from.Project, string(from.Original), line.ID)
	if !ok {
		done.Passed++
		return false, nil
	}
	if !in.same {
		from.Last = bought{} // its hash means nothing here; the payment itself says it again
	}
	err = in.store.Do(in.ctx, func(s Steps) error {
		var root origin
		err := change(in.codec, s, key, func(o *origin) (time.Time, error) {
			taken = o.merge(from, in.now())
			if root = *o; !taken {
				return time.Time{}, errUnchanged
			}
			return o.until(in.now(), in.keep), nil
		})
		if err != nil {
			return err
		}
		// They are told in any case: an import that was cut off may have come just this far.
		for _, id := range root.Subjects {
			err := in.tell(s, string(id), func(p *person) bool { return root.tell(p, key) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return taken, err
}

// takeEvents takes in the events of a subscriber that are lacking, or newer. They are under the
// outside's hash of a subscriber, and the store's key has no part in it.
func (in *importer) takeEvents(line exportLine) (taken bool, err error) {
	if len(line.ID) != idSize {
		return false, errors.New("events without a subscriber's hash")
	}
	err = in.store.Do(in.ctx, func(s Steps) error {
		return in.tell(s, string(line.ID), func(p *person) bool {
			taken = false // of a document that was changed meanwhile nothing counts
			for _, h := range line.Events {
				taken = p.happened(h) || taken
			}
			return taken
		})
	})
	return taken, err
}

// takeClaim takes in who paid under a link first. One that is here stays: payments were counted by
// it.
func (in *importer) takeClaim(line exportLine, done *Imported) (taken bool, err error) {
	if _, ok := readClaimant(line.Claim); !ok || !in.same || len(line.ID) != shortSize {
		done.Passed++ // its hashes mean nothing here
		return false, nil
	}
	err = in.store.Do(in.ctx, func(s Steps) error {
		return alter(s, Key{kindClaim, string(line.ID)}, func(old Doc) (Doc, error) {
			if taken = old.Value == nil; !taken {
				return Doc{}, errUnchanged
			}
			return Doc{Value: line.Claim, Until: in.lifeOf(line, old.Until)}, nil
		})
	})
	return taken, err
}

// takeOffer takes in that a signed offer was paid or revoked. The payment itself, where it is in
// the export, was taken before and has spent it here already.
func (in *importer) takeOffer(line exportLine) (taken bool, err error) {
	if line.Offer.Hash == "" {
		return false, errors.New("an offer without its hash")
	}
	err = in.store.Do(in.ctx, func(s Steps) error {
		key := in.offerKey(line.Offer.Hash)
		return changeUntil(in.codec, s, key, func(o *offer, kept time.Time) (time.Time, error) {
			if taken = o.merge(line.Offer); !taken {
				return time.Time{}, errUnchanged
			}
			return in.lifeOf(line, kept), nil
		})
	})
	return taken, err
}
