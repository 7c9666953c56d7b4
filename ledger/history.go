package ledger

import (
	"bytes"
	"slices"
	"time"
)

// This file is the document of a campaign's experiments: which runs each of them had, and when.

// history is the document of a campaign: the experiments that it had, and their runs. It is one
// document for all experiments of a campaign, since the question which of them ran at an instant
// must see all of them.
type history struct {
	Campaign    string  `cbor:"1,keyasint,omitempty" json:"campaign,omitempty"`
	Experiments []trial `cbor:"2,keyasint,omitempty" json:"experiments,omitempty"`
}

// trial is an experiment of a campaign. Its key is a name from the configuration. It stays known
// when the configuration drops it, for payments of its people still come.
type trial struct {
	Key    string `cbor:"1,keyasint,omitempty" json:"key,omitempty"`
	Metric string `cbor:"2,keyasint,omitempty" json:"metric,omitempty"`
	// Windows are those under which sums may stand, in seconds; the last one holds.
	Windows []int64 `cbor:"3,keyasint,omitempty" json:"windows,omitempty"`
	Runs    []run   `cbor:"4,keyasint,omitempty" json:"runs,omitempty"`
	// By time.
	Starts []start `cbor:"5,keyasint,omitempty" json:"starts,omitempty"`
}

// run is one set of settings. Names and widths are those of the configuration at that time, so that
// an old run is judged by its own split.
type run struct {
	// Short hash.
	ID       []byte   `cbor:"1,keyasint,omitempty" json:"id,omitempty"`
	Variants []string `cbor:"2,keyasint,omitempty" json:"variants,omitempty"`
	Widths   []int    `cbor:"3,keyasint,omitempty" json:"widths,omitempty"`
	Priced   bool     `cbor:"4,keyasint,omitempty" json:"priced,omitempty"`
	// First start or exposure, Unix seconds.
	First int64 `cbor:"5,keyasint,omitempty" json:"first,omitempty"`
}

// start is when a run began, or, without a run, when the experiment ended. A run ends where the
// next start is, so no two can overlap and none needs an end of its own.
type start struct {
	Run []byte `cbor:"1,keyasint,omitempty" json:"run,omitempty"`
	// Unix seconds.
	At int64 `cbor:"2,keyasint,omitempty" json:"at,omitempty"`
}

// begin has these runs, and no others, run from an instant on. It reports whether anything is new,
// so that each reload of each node does not write the same document.
func (h *history) begin(l *Ledger, runs []*Run, at int64) (changed bool) {
	for i := range h.Experiments {
		t := &h.Experiments[i]
		is := func(r *Run) bool { return r.Experiment == t.Key }
		if !slices.ContainsFunc(runs, is) && t.start(nil, at) {
			changed = true
		}
	}
	for _, r := range runs {
		id := l.runID(r)
		changed = h.know(r, id, at) || changed
		t := h.find(r.Experiment)
		changed = t.settings(r) || changed
		changed = t.start(id, at) || changed
	}
	return changed
}

// find is an experiment of the campaign, or nil.
func (h *history) find(key string) *trial {
	i := slices.IndexFunc(h.Experiments, func(t trial) bool { return t.Key == key })
	if i < 0 {
		return nil
	}
	return &h.Experiments[i]
}

// runningAt is the experiment that ran at an instant, or nil. A campaign has one experiment at a
// time, unless two configurations serve at once: then it is the first that is known. It is asked
// for payments whose link names no experiment, which are shown as unexposed.
func (h *history) runningAt(at int64) *trial {
	for i := range h.Experiments {
		if t := &h.Experiments[i]; t.ranAt(at) != nil {
			return t
		}
	}
	return nil
}

// know writes a run down, and that somebody may have been exposed in it as early as this. An
// exposure may come before the start is noted, and from another node, so both go through here.
func (h *history) know(r *Run, id []byte, at int64) (changed bool) {
	t := h.find(r.Experiment)
	if t == nil {
		h.Experiments = append(h.Experiments, trial{Key: r.Experiment})
		t = h.find(r.Experiment)
		t.settings(r)
	}
	known := t.run(id)
	if known == nil {
		t.Runs = append(t.Runs, run{ID: id, Priced: r.Priced, First: at})
		t.Runs = t.Runs[max(0, len(t.Runs)-maxRuns):]
		known = &t.Runs[len(t.Runs)-1]
		for _, v := range r.Variants {
			known.Variants = append(known.Variants, v.Variant)
			known.Widths = append(known.Widths, v.Width)
		}
		h.makeRoom(id)
		return true
	}
	if at >= known.First {
		return false
	}
	// A node whose exposures were late was earlier. Sums are read from here on.
	known.First = at
	return true
}

// makeRoom lets go of the oldest runs where the names of all variants are too long for a document.
// Only a run that is asked for stays in any case.
func (h *history) makeRoom(stays []byte) {
	for h.size() > maxHistory {
		var from *trial
		oldest := -1
		for i := range h.Experiments {
			t := &h.Experiments[i]
			for j := range t.Runs {
				older := from == nil || t.Runs[j].First < from.Runs[oldest].First
				if older && !bytes.Equal(t.Runs[j].ID, stays) {
					from, oldest = t, j
				}
			}
		}
		if from == nil {
			return
		}
		from.Runs = slices.Delete(from.Runs, oldest, oldest+1)
	}
	// An experiment all of whose runs are gone has nothing to show.
	h.Experiments = slices.DeleteFunc(h.Experiments, func(t trial) bool { return len(t.Runs) == 0 })
}

// size is about how long the document is, in bytes. To encode it for this would cost as much as to
// write it.
func (h *history) size() (n int) {
	for i := range h.Experiments {
		t := &h.Experiments[i]
		n += len(t.Key) + 16*len(t.Starts)
		for j := range t.Runs {
			n += 32
			for _, name := range t.Runs[j].Variants {
				n += len(name) + 8
			}
		}
	}
	return n
}

// settings takes in what a configuration says of the experiment as a whole.
func (t *trial) settings(r *Run) (changed bool) {
	window := int64(r.Window / time.Second)
	if window <= 0 {
		window = int64(DefaultWindow / time.Second)
	}
	if len(t.Windows) == 0 || t.window() != window {
		// The window before stays in the list until everybody is recounted: until then there are
		// sums under both.
		t.Windows = slices.DeleteFunc(t.Windows, func(w int64) bool { return w == window })
		t.Windows = append(t.Windows, window)
		changed = true
	}
	if t.Metric != r.Metric {
		t.Metric, changed = r.Metric, true
	}
	return changed
}

// window is the one that holds, in seconds.
func (t *trial) window() int64 {
	if len(t.Windows) == 0 {
		return int64(DefaultWindow / time.Second)
	}
	return t.Windows[len(t.Windows)-1]
}

// run is the run of that id, or nil. A run that made room for others is not found, and its numbers
// are not shown any more.
func (t *trial) run(id []byte) *run {
	i := slices.IndexFunc(t.Runs, func(r run) bool { return bytes.Equal(r.ID, id) })
	if i < 0 {
		return nil
	}
	return &t.Runs[i]
}

// start notes that a run began at an instant, unless it ran then already. Nothing can end that
// never began.
func (t *trial) start(id []byte, at int64) (changed bool) {
	if bytes.Equal(t.ranAt(at), id) {
		return false
	}
	// Nodes speak in any order, so a start is put where its time is.
	i := 0
	for i < len(t.Starts) && t.Starts[i].At <= at {
		i++
	}
	t.Starts = slices.Insert(t.Starts, i, start{id, at})
	// The same run was said to begin later. It was running then.
	if next := i + 1; next < len(t.Starts) && bytes.Equal(t.Starts[next].Run, id) {
		t.Starts = slices.Delete(t.Starts, next, next+1)
	}
	t.Starts = t.Starts[max(0, len(t.Starts)-maxStarts):]
	return true
}

// ranAt is the run at an instant; nil if there was none. The list is by time, so the last start
// that is not later decides. A start without a run gives nil, too.
func (t *trial) ranAt(at int64) (id []byte) {
	for _, s := range t.Starts {
		if s.At > at {
			break
		}
		id = s.Run
	}
	return id
}
