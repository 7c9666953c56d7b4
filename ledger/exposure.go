package ledger

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// This file writes down who was shown which variant. A click does not wait for it: exposures are
// collected and written together, within a second. A crash loses those that wait: they are for
// statistics, and no money follows from them.

const (
	// exposureDelay is how long an exposure may wait for company. A file is then synced twice a
	// second, however many people click.
	exposureDelay = 500 * time.Millisecond
	// maxExposures bounds those that wait. When so many do the store is too slow or away, and
	// memory must not grow with it.
	maxExposures = 100_000
	// minExposures and exposureBatch bound a batch, whose steps are taken one after the other.
	minExposures  = 16
	exposureBatch = 256
	// exposureTimeout is for one batch.
	exposureTimeout = 10 * time.Second
)

// ExposureWriters is how many batches of exposures a ledger writes side by side. A person costs five
// round trips to Redis, one after the other, which would bound a node at a few hundred people a
// second.
const ExposureWriters = 8

// Exposure is a subscriber who was shown a variant.
type Exposure struct {
	// Another run counts a person anew.
	Run     *Run
	Variant string
	// Where: offer or link.
	At string
	// A keyed hash.
	Subscriber string
	// Former are the hashes that they had under former secrets. Anyone who took part under one of
	// them still does.
	Former []string
	Time   time.Time
}

// exposures are those that wait to be written.
type exposures struct {
	mu      sync.Mutex
	waiting []Exposure
	wake    chan struct{}
}

// Expose notes that a subscriber was shown a variant. It does not wait. What cannot be kept, since
// too many wait or the store fails, is lost and told to Config.Failed.
func (l *Ledger) Expose(e Exposure) {
	q := &l.exposures
	q.mu.Lock()
	full := len(q.waiting) >= maxExposures
	if !full {
		q.waiting = append(q.waiting, e)
	}
	q.mu.Unlock()
	if full {
		l.failed("expose", errTooManyExposures)
		return
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// writeExposures runs until ctx ends, and then writes what waits. The delay begins with the first
// that waits, so a steady stream cannot put it off.
func (l *Ledger) writeExposures(ctx context.Context) {
	defer l.flushExposures()
	for {
		select {
		case <-l.exposures.wake:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(exposureDelay):
		case <-ctx.Done():
			return
		}
		l.flushExposures()
	}
}

// flushExposures writes all that wait. The lock is held for the exchange of the lists alone, so no
// click waits for the store. A batch that fails is told and not tried again: it would be in the way
// of the next ones.
func (l *Ledger) flushExposures() {
	q := &l.exposures
	q.mu.Lock()
	batch := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	var writers errgroup.Group
	writers.SetLimit(ExposureWriters)
	share := min(max(len(batch)/ExposureWriters+1, minExposures), exposureBatch)
	for some := range slices.Chunk(batch, share) {
		writers.Go(func() error {
			if err := l.writeBatch(some); err != nil {
				l.failed("expose", err)
			}
			return nil
		})
	}
	_ = writers.Wait() // all of them told their errors
}

// batchName names a batch for all nodes and for all time, which no counter of a process could.
func batchName() string {
	var mark [8]byte
	rand.Read(mark[:]) // never fails
	return string(mark[:])
}

// writeBatch writes exposures down, and tells which of them were a person's first.
func (l *Ledger) writeBatch(batch []Exposure) error {
	// Payments are written all the same. What can be spared stops first.
	if store, bounded := l.store.(interface{ Full() bool }); bounded && store.Full() {
		return errFull
	}
	ctx, cancel := context.WithTimeout(context.Background(), exposureTimeout)
	defer cancel()
	mark := batchName()
	var first []Exposure
	err := l.store.Do(ctx, func(s Steps) (err error) {
		first, err = l.expose(s, batch, mark)
		return err
	})
	if err != nil {
		return err
	}
	// Told once it is durable, so a metric counts nobody who was lost.
	for _, e := range first {
		l.exposed(e)
	}
	return nil
}

// expose writes exposures down, and answers those that are a person's first in their run. The once
// names the batch. Most clicks are by people who were seen before. For these it reads twice, and
// writes nothing.
func (l *Ledger) expose(s Steps, batch []Exposure, once string) (first []Exposure, err error) {
	trials, err := l.trialsOf(s, batch)
	if err != nil {
		return nil, err
	}
	todo, err := l.unknown(s, batch)
	if err != nil || len(todo) == 0 {
		return nil, err
	}
	if err := l.outstandingAll(s, todo, "begin "+once, 1); err != nil {
		return nil, err
	}
	for _, e := range todo {
		t := trials[e.Run]
		x := exposed{Run: l.runID(e.Run), Variant: e.Run.place(e.Variant), At: e.Time.Unix()}
		isFirst := false
		err := l.attend(s, l.exposureKey(e), t, func(p *participant) (changed bool) {
			changed, isFirst = p.expose(x)
			return changed
		})
		if err != nil {
			return nil, err
		}
		if isFirst {
			first = append(first, e)
		}
	}
	return first, l.outstandingAll(s, todo, "end "+once, -1)
}

// trialsOf reads the experiments of a batch. A run of which nobody said that it began is written
// down: it began now.
func (l *Ledger) trialsOf(s Steps, batch []Exposure) (map[*Run]*trial, error) {
	trials := map[*Run]*trial{}
	for _, e := range batch {
		// A batch has many exposures of few runs, and each run is read once.
		if trials[e.Run] != nil && trials[e.Run].run(l.runID(e.Run)).First <= e.Time.Unix() {
			continue
		}
		id, at := l.runID(e.Run), e.Time.Unix()
		var h history
		if _, err := look(l.codec, s.Read, l.historyKey(e.Run.Campaign), &h); err != nil {
			return nil, err
		}
		if t := h.find(e.Run.Experiment); t != nil && t.run(id) != nil && t.run(id).First <= at {
			trials[e.Run] = t
			continue
		}
		// The list goes first: a document that is not on it would never be found, and a name
		// without a document is passed over.
		if err := l.list(s, e.Run.Campaign); err != nil {
			return nil, err
		}
		err := change(l.codec, s, l.historyKey(e.Run.Campaign), func(doc *history) (time.Time, error) {
			doc.Campaign = e.Run.Campaign
			began := doc.find(e.Run.Experiment) != nil && doc.find(e.Run.Experiment).run(id) != nil
			changed := doc.know(e.Run, id, at)
			// Begin is on its way, or has failed. That somebody was exposed proves that the run
			// served.
			if !began {
				doc.find(e.Run.Experiment).start(id, at)
			}
			h = *doc
			if !changed {
				return time.Time{}, errUnchanged
			}
			return time.Time{}, nil
		})
		if err != nil {
			return nil, err
		}
		trials[e.Run] = h.find(e.Run.Experiment)
	}
	return trials, nil
}

// unknown are the exposures of a batch that may say something new.
func (l *Ledger) unknown(s Steps, batch []Exposure) (todo []Exposure, err error) {
	keys := make([]Key, len(batch))
	if batch, err = l.renamed(s, batch); err != nil {
		return nil, err
	}
	for i, e := range batch {
		keys[i] = l.exposureKey(e)
	}
	docs, err := s.Read(keys...)
	if err != nil {
		return nil, err
	}
	for i, e := range batch {
		var p participant
		if docs[i].Value != nil {
			if err := readPlain(docs[i].Value, &p); err != nil {
				return nil, err
			}
		}
		x := p.exposedIn(l.runID(e.Run))
		// A variant that its run does not have could be counted nowhere.
		if e.Run.place(e.Variant) >= 0 && (x == nil || e.Time.Unix() < x.At) {
			todo = append(todo, e)
		}
	}
	return todo, nil
}

// renamed has those who took part under a former hash keep it. It reads only where there are any.
func (l *Ledger) renamed(s Steps, batch []Exposure) ([]Exposure, error) {
	renamed := batch
	for i, e := range batch {
		hash, err := l.tookPart(s, e.Run.Campaign, e.Run.Experiment, e.Former)
		if err != nil {
			return nil, err
		}
		if hash == "" {
			continue
		}
		if &renamed[0] == &batch[0] {
			renamed = slices.Clone(batch) // the store may call again
		}
		renamed[i].Subscriber = hash
	}
	return renamed, nil
}

// tookPart is the hash under which a person takes part in an experiment; empty if under none.
func (l *Ledger) tookPart(s Steps, campaign, experiment string, hashes []string) (string, error) {
	for _, hash := range hashes {
		key := l.participantKey(campaign, experiment, l.codec.personKey(hash).ID)
		docs, err := s.Read(key)
		if err != nil {
			return "", err
		}
		if docs[0].Value != nil {
			return hash, nil
		}
	}
	return "", nil
}

// exposureKey is that of the person in the experiment.
func (l *Ledger) exposureKey(e Exposure) Key {
	person := l.codec.personKey(e.Subscriber).ID
	return l.participantKey(e.Run.Campaign, e.Run.Experiment, person)
}

// place is where a variant stands in the list. Documents hold the place, which is shorter than the
// name; it is -1 for none.
func (r *Run) place(variant string) int {
	return slices.IndexFunc(r.Variants, func(s Share) bool { return s.Variant == variant })
}

// outstandingAll is outstanding for the documents of a batch. They have a row of their own, so that
// no number of them is in the way of a payment.
func (l *Ledger) outstandingAll(s Steps, batch []Exposure, once string, n int64) error {
	deltas := make([]Delta, len(batch))
	for i, e := range batch {
		deltas[i] = Delta{openID(l.exposureKey(e)), n}
	}
	return s.Add(openExposures, once, deltas...)
}
