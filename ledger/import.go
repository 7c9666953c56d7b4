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
