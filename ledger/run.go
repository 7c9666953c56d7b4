package ledger

import (
	"context"
	"maps"
	"slices"
	"time"
)

// This file knows which runs an experiment had, and when each of them ran. A run is an experiment
// with one set of settings: a change begins another one, and going back continues the old one. A
// payment is given to a run by these times, so they are durable, and the same on all nodes.

// DefaultWindow is how long after their first exposure a person's payments count, where nothing is
// said.
const DefaultWindow = 14 * 24 * time.Hour

// MetricRate is the metric that decides where none is written: the share of people who buy. The
// other one is "revenue EUR", money per person in a currency.
const MetricRate = "rate"

// metricRevenue begins the metric of money.
const metricRevenue = "revenue "

// Run is an experiment as a configuration has it. It is read-only once it was handed over.
type Run struct {
	Campaign   string
	Experiment string
	// Settings names what the run offers and to whom: with other settings it is another run.
	Settings string
	// Variants are in the order of the configuration, the control first.
	Variants []Share
	// Window is how long after the first exposure payments count. Zero means DefaultWindow. It is
	// of the experiment: a change recounts all of its runs.
	Window time.Duration
	// Metric is MetricRate or "revenue EUR"; empty if none was chosen. It is of the experiment.
	Metric string
	// Priced says that variants differ in price, quote, package or link id. The cheaper one nearly
	// always has more buyers, so there is no verdict until somebody chooses the metric.
	Priced bool
}

// Share is a variant, and what share of the people it should have, in any unit. Widths need not add
// up to a hundred: only their ratio is compared.
type Share struct {
	Variant string
	Width   int
}

// The newest runs and starts of an experiment that are known, so that a campaign whose price
// changes every night does not make its document grow for ever. A run that is dropped has no answer
// any more, though its sums stay. maxHistory is in bytes, as history.size estimates them.
const (
	maxRuns    = 64
	maxStarts  = 256
	maxHistory = 48 << 10
)

// runID names a run in documents and rows. It is a hash of the configuration, so nodes agree on it
// without asking each other.
func (l *Ledger) runID(r *Run) []byte {
	return short(l.codec.hash("run", r.Campaign, r.Experiment, r.Settings))
}

// historyKey is that of a campaign's experiments.
func (l *Ledger) historyKey(campaign string) Key {
	return Key{kindRuns, l.codec.hash("runs", campaign)}
}

// Begin notes which runs a configuration has that began to serve at an instant; what ran before and
// is not among them ended then. To say the same again changes nothing. Of two configurations that
// serve at once, both are noted, and the later one is taken for the one that runs.
func (l *Ledger) Begin(ctx context.Context, runs []Run, at time.Time) error {
	current := map[string][]*Run{}
	for i := range runs {
		current[runs[i].Campaign] = append(current[runs[i].Campaign], &runs[i])
	}
	listed, err := l.listed(ctx)
	if err != nil {
		return err
	}
	// A campaign that the configuration no longer has ends here, for nothing else says so.
	for campaign := range listed {
		if _, runs := current[campaign]; !runs {
			current[campaign] = nil
		}
	}
	err = l.store.Do(ctx, func(s Steps) error {
		for campaign, runs := range current {
			// On the list before there is a document: after a crash in between, histories passes it
			// over.
			if listed[campaign] == 0 {
				if err := l.list(s, campaign); err != nil {
					return err
				}
			}
			err := l.begin(s, campaign, func(h *history) bool {
				return h.begin(l, runs, at.Unix())
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	select {
	case l.unfinished <- struct{}{}: // a window may have changed
	default:
	}
	return err
}

// begin changes a campaign's document, if there is something new.
func (l *Ledger) begin(s Steps, campaign string, news func(*history) (changed bool)) error {
	return change(l.codec, s, l.historyKey(campaign), func(h *history) (time.Time, error) {
		h.Campaign = campaign
		if !news(h) {
			return time.Time{}, errUnchanged
		}
		return time.Time{}, nil
	})
}

// The campaigns that ever had an experiment stand in a row, so that nobody scans for them.
var listRow = Key{kindListed, ""}

// list puts a campaign on the list. It may be there already: a number above 0 says so.
func (l *Ledger) list(s Steps, campaign string) error {
	return s.Add(listRow, campaign, Delta{campaign, 1})
}

// listed are the campaigns on the list.
func (l *Ledger) listed(ctx context.Context) (map[string]int64, error) {
	rows, err := l.store.Rows(ctx, listRow)
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// histories are those of all campaigns that ever had an experiment, by name. They are read in one
// round trip, and in the order of their names.
func (l *Ledger) histories(ctx context.Context) ([]history, error) {
	listed, err := l.listed(ctx)
	if err != nil {
		return nil, err
	}
	campaigns := slices.Sorted(maps.Keys(listed))
	keys := make([]Key, len(campaigns))
	for i, campaign := range campaigns {
		keys[i] = l.historyKey(campaign)
	}
	docs, err := l.store.Read(ctx, keys...)
	if err != nil {
		return nil, err
	}
	all := make([]history, 0, len(docs))
	for i, doc := range docs {
		if doc.Value == nil {
			continue // it is on the list, and its document was not written any more
		}
		var h history
		if err := l.codec.read(keys[i], doc.Value, &h); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}
