package ledger

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// This file takes an export in. Each fact goes the way of a delivery that nobody is told of:
// outstanding, written, settled, done. So an import that was cut off, or is done twice, changes
// nothing that is there.

// importer is one run of Import. It fills in begin, from the first line, and no fact is taken
// before that.
type importer struct {
	*Ledger
	ctx   context.Context
	begun bool
	ended bool
	// The ledger held no payment before.
	empty bool
	// Ids of the export are ids here.
	same bool
	// days are the export's sums, and oldest is the day of its oldest fact. Only the days before it
	// are not made from facts.
	days     map[string]map[string]int64
	partners map[string]map[string]int64
	oldest   string
}

// errSeen ends a scan that has seen enough. It never leaves this file: to a Scan an error is the
// only way to end early.
var errSeen = errors.New("seen")

// begin reads the first line. The check is made before anything is taken: the file of another shop
// would be added to this one's sums, for ever.
func (in *importer) begin(line exportLine) error {
	if line.Format != exportFormat {
		return ErrNoExport
	}
	if line.Version > exportVersion {
		return fmt.Errorf("the export has version %d, and this program reads up to %d: use the "+
			"newer program", line.Version, exportVersion)
	}
	known := slices.ContainsFunc(in.secrets.keys, func(k secretKeys) bool {
		return hmac.Equal(k.exportCheck(), line.Check)
	})
	if !known {
		return ErrOtherSecret
	}
	in.same = string(line.Key) == in.codec.hash("key")
	in.begun, in.days = true, map[string]map[string]int64{}
	in.partners = map[string]map[string]int64{}
	return in.look()
}

// look finds out whether the ledger is empty, and notes it, so that an import that was stopped
// still knows when it is done again. The mark lives as long as the onces of takeDays are known:
// after that, days might be added twice, so a ledger with payments takes none.
func (in *importer) look() error {
	docs, err := in.store.Read(in.ctx, in.unfinished())
	if err != nil {
		return err
	}
	if in.empty = docs[0].Value != nil; in.empty {
		return nil
	}
	// One sale is enough, or one day: the days of an export without sales count once, too.
	err = in.eachSale(in.ctx, func(Key, *sale, time.Time) error { return errSeen })
	for _, kind := range []Kind{kindDay, kindPartner} {
		if err == nil {
			err = in.store.ScanRows(in.ctx, kind, func(string, map[string]int64) error {
				return errSeen
			})
		}
	}
	if in.empty = err == nil; !in.empty {
		if errors.Is(err, errSeen) {
			return nil
		}
		return err
	}
	return in.store.Do(in.ctx, func(s Steps) error {
		return s.Change(in.unfinished(), func(Doc) (Doc, error) {
			return Doc{Value: []byte{1}, Until: in.now().Add(OnceLife)}, nil
		})
	})
}

// unfinished is where it stands that an import into an empty ledger has begun.
func (in *importer) unfinished() Key { return Key{kindMark, in.codec.hash("import")} }

// take takes one fact in.
func (in *importer) take(line exportLine, done *Imported) (err error) {
	if line.Facts != nil {
		in.ended = true
		return nil
	}
	done.Read++
	var taken bool
	switch {
	case line.Sale != nil:
		taken, err = in.takeSale(line, done)
	case line.Origin != nil:
		taken, err = in.takeOrigin(line, done)
	case line.Events != nil:
		taken, err = in.takeEvents(line)
	case line.Claim != nil:
		taken, err = in.takeClaim(line, done)
	case line.Offer != nil:
		taken, err = in.takeOffer(line)
	case line.PartnerDay != "":
		in.partners[line.PartnerDay] = line.Row
		done.Read--
	case line.Day != "":
		// They wait for the end, for only then the oldest fact is known.
		in.days[line.Day] = line.Row
		done.Read--
	default:
		return errors.New("it holds no fact that this program knows")
	}
	if taken {
		done.Taken++
	}
	return err
}

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

// lifeOf is until when an imported document is kept: as long as the export says, for to move a ledger
// must not keep anything for longer. What is here already stays for as long as it would have.
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

// takeOffer takes in that a signed offer was paid or revoked. The payment itself, where it is in the
// export, was taken before and has spent it here already.
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

// takeDays takes in the sums of days that are older than any fact. To a ledger that has payments
// they would be added a second time, so it takes none. Days from the oldest fact on are made from
// facts by settle, and to add them here as well would count them twice.
func (in *importer) takeDays(done *Imported) error {
	if !in.empty {
		return nil
	}
	taken := 0
	err := in.store.Do(in.ctx, func(s Steps) error {
		taken = 0
		for id, row := range in.days {
			if in.oldest != "" && id >= in.oldest {
				continue
			}
			deltas := make([]Delta, 0, len(row))
			for field, n := range row {
				deltas = append(deltas, Delta{field, n})
			}
			if err := s.Add(Key{kindDay, id}, "import", deltas...); err != nil {
				return err
			}
			taken++
		}
		partners, err := in.takePartners(s)
		if err != nil {
			return err
		}
		taken += partners
		// The mark goes last. After a crash before it, days are added again under the same once,
		// which counts them once.
		return s.Change(in.unfinished(), func(Doc) (Doc, error) { return Doc{}, nil })
	})
	if err == nil {
		done.Taken += taken
	}
	return err
}

// takePartners takes in the days of partners. Links follow from no fact, so theirs are taken of all
// days. A day may have a hundred thousand partners, so it is taken in pieces, which are the same
// ones each time.
func (in *importer) takePartners(s Steps) (taken int, err error) {
	for id, row := range in.partners {
		var deltas []Delta
		for _, field := range slices.Sorted(maps.Keys(row)) {
			isLinks := strings.HasPrefix(field, figureLinks+"\x00")
			if isLinks || in.oldest == "" || id < in.oldest {
				deltas = append(deltas, Delta{field, row[field]})
			}
		}
		n := 0
		for piece := range slices.Chunk(deltas, linkBatch) {
			once := fmt.Sprint("import ", n)
			if err := s.Add(Key{kindPartner, id}, once, piece...); err != nil {
				return taken, err
			}
			n++
		}
		taken += min(n, 1)
	}
	return taken, nil
}
