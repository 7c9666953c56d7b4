package ledger

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// This file has the sums of an experiment follow its people. The document is changed first, and
// notes the difference that it makes; then the difference is added; then the note goes. A crash in
// between is finished by the next change, or by outstanding.go.

// participantKey is that of a person in an experiment. The experiment is in front, so that a
// recount finds its people by a prefix; the person is behind, so that a purge finds them by the
// end. Eight bytes of the experiment are enough: two that share them would only be scanned
// together.
func (l *Ledger) participantKey(campaign, experiment, person string) Key {
	return Key{kindSeen, l.codec.hash("experiment", campaign, experiment)[:8] + person}
}

// attend changes the document of a person in an experiment, if there is something new, and has the
// sums follow. A document that was counted under another window is counted anew. It may be called
// again with the same news: what is known changes nothing, and what is owed is paid.
func (l *Ledger) attend(s Steps, key Key, t *trial, news func(*participant) (changed bool)) error {
	var owes []owed
	err := alter(s, key, func(old Doc) (Doc, error) {
		var p participant
		if old.Value != nil {
			if err := readPlain(old.Value, &p); err != nil {
				return Doc{}, err
			}
		}
		// Before the sums are looked at, so that what is let go of stays in them.
		p.makeRoom()
		before := p.tallies()
		if !news(&p) && (old.Value == nil || p.window() == t.window()) {
			// Nothing is new, but a crash may have left something to pay.
			owes = p.Owed
			return Doc{}, errUnchanged
		}
		p.assign(t)
		p.owe(before)
		owes = p.Owed
		value, err := cborMode.Marshal(p)
		return Doc{Value: value, Until: l.now().Add(l.keep)}, err
	})
	if err != nil {
		return err
	}
	return l.payOff(s, key, owes)
}

// payOff adds what a document owes to the sums. Several may do so at once: each difference is added
// once. A crash after the rows and before the note goes leaves the note. It is paid again under the
// same once, and counts nothing.
func (l *Ledger) payOff(s Steps, key Key, owes []owed) error {
	if len(owes) == 0 {
		return nil
	}
	var last uint
	for _, o := range owes {
		deltas := make([]Delta, len(o.Deltas))
		for i, d := range o.Deltas {
			deltas[i] = Delta{string(d.Field), d.N}
		}
		// Each row takes each version of a document once, on whichever node.
		once := key.ID + string(binary.AppendUvarint(nil, uint64(o.Version)))
		if err := s.Add(Key{kindTally, string(o.Row)}, once, deltas...); err != nil {
			return err
		}
		last = max(last, o.Version)
	}
	// The document may have changed since and owe more. Only what was paid goes.
	return alter(s, key, func(old Doc) (Doc, error) {
		var p participant
		if old.Value == nil {
			return Doc{}, errUnchanged
		}
		if err := readPlain(old.Value, &p); err != nil {
			return Doc{}, err
		}
		paid := func(o owed) bool { return o.Version <= last }
		if !slices.ContainsFunc(p.Owed, paid) {
			return Doc{}, errUnchanged
		}
		p.Owed = slices.DeleteFunc(p.Owed, paid)
		value, err := cborMode.Marshal(p)
		return Doc{Value: value, Until: old.Until}, err
	})
}

// attribute has the experiment of a sale's campaign follow the sale: for the person whom the link
// was for, else for nobody but the payment itself. A payment without an exposure is noted as well.
// Exposures are written late and in batches, so it may be the payment that is early.
func (l *Ledger) attribute(s Steps, key Key, d *sale) error {
	out := d.deal(short(key.ID))
	// The documents of people from before keep are gone: a payment under so old a link would be
	// taken for one without an exposure.
	if d.By.Campaign == "" || len(out.Flows) == 0 ||
		time.Unix(out.Made*60, 0).Before(l.now().Add(-l.keep)) {
		return nil
	}
	var h history
	if _, err := look(l.codec, s.Read, l.historyKey(d.By.Campaign), &h); err != nil {
		return err
	}
	t := h.find(d.By.Experiment)
	switch {
	case t != nil:
	case d.By.Experiment != "":
		t = new(trial) // it is not known yet that it runs
		t.Key = d.By.Experiment
	default:
		// The link says no experiment. If one was running, the payment counts as unexposed.
		if t = h.runningAt(out.upTo()); t == nil {
			return nil
		}
	}
	person := string(d.By.Person)
	if person == "" {
		// An id that no exposure ever has: it is shorter. The transaction has it for itself.
		person = key.ID[:shortSize]
	}
	return l.attend(s, l.participantKey(d.By.Campaign, t.Key, person), t,
		func(p *participant) bool { return p.bought(out) })
}

// finishParticipant adds what a document owes. It needs to know nothing of the experiment: the debt
// names its rows.
func (l *Ledger) finishParticipant(s Steps, key Key) error {
	docs, err := s.Read(key)
	if err != nil || docs[0].Value == nil {
		return err
	}
	var p participant
	if err := readPlain(docs[0].Value, &p); err != nil {
		return err
	}
	return l.payOff(s, key, p.Owed)
}

// recount has all people of an experiment follow its window, and then forgets the windows that it
// had before. A crash leaves two windows in the document, by which the next round knows it. People
// who were counted already are passed over then. Numbers that are read meanwhile are whole: each
// person stands under one of the two windows, and both are read.
func (l *Ledger) recount(ctx context.Context, campaign, experiment string) error {
	prefix := l.participantKey(campaign, experiment, "").ID
	var h history
	if _, err := look(l.codec, l.reader(ctx), l.historyKey(campaign), &h); err != nil {
		return err
	}
	t := h.find(experiment)
	if t == nil || len(t.Windows) < 2 {
		return nil
	}
	window := t.window()
	if err := l.eachParticipant(ctx, prefix, func(s Steps, key Key) error {
		return l.attend(s, key, t, func(*participant) bool { return false })
	}); err != nil {
		return err
	}
	return l.store.Do(ctx, func(s Steps) error {
		return l.begin(s, campaign, func(h *history) bool {
			t := h.find(experiment)
			if t == nil || t.window() != window || len(t.Windows) < 2 {
				return false // it changed once more
			}
			t.Windows = []int64{window}
			return true
		})
	})
}

// eachParticipant calls f with everybody's document whose id begins with the prefix, many in one
// transaction. A file is synced at the end of each: a million of them would take hours.
func (l *Ledger) eachParticipant(
	ctx context.Context, prefix string, f func(Steps, Key) error,
) error {
	var batch []Key
	flush := func() error {
		keys := batch
		batch = nil
		return l.store.Do(ctx, func(s Steps) error {
			for _, key := range keys {
				if err := f(s, key); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := l.store.Scan(ctx, kindSeen, func(id string, _ Doc) error {
		if strings.HasPrefix(id, prefix) {
			batch = append(batch, Key{kindSeen, id})
		}
		if len(batch) < exposureBatch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// recountAll recounts the experiments whose window has changed. It is part of each round of
// finishing, so a recount that failed is tried again without a note of its own.
func (l *Ledger) recountAll(ctx context.Context) error {
	all, err := l.histories(ctx)
	if err != nil {
		return err
	}
	for _, h := range all {
		for _, t := range h.Experiments {
			if len(t.Windows) < 2 {
				continue
			}
			if err := l.recount(ctx, h.Campaign, t.Key); err != nil {
				return err
			}
		}
	}
	return nil
}
