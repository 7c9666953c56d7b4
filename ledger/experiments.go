package ledger

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"
)

// This file reads what experiments have shown. It reads sums alone, so it takes as long for a
// million people as for ten.

// Experiments are all experiments that the ledger knows, by key and campaign, with the numbers of
// their runs at an instant.
func (l *Ledger) Experiments(ctx context.Context, now time.Time) ([]Experiment, error) {
	found, _, err := l.LatestExperiments(ctx, now, math.MaxInt, maxRuns)
	return found, err
}

// LatestExperiments is Experiments for a page that has room for so many experiments, and so many
// runs of each: what runs comes before what has ended, and what began last before what is older. It
// reads the sums of no others. Left out are so many experiments, and Experiment.Older runs.
func (l *Ledger) LatestExperiments(
	ctx context.Context, now time.Time, experiments, runs int,
) (found []Experiment, leftOut int, err error) {
	all, err := l.histories(ctx)
	if err != nil {
		return nil, 0, err
	}
	var known []knownTrial
	for _, h := range all {
		for i := range h.Experiments {
			known = append(known, knownTrial{h.Campaign, &h.Experiments[i]})
		}
	}
	slices.SortStableFunc(known, knownTrial.compare)
	leftOut = max(len(known)-experiments, 0)
	for _, k := range known[:len(known)-leftOut] {
		e, err := l.experiment(ctx, k, now, runs)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, e)
	}
	slices.SortStableFunc(found, func(a, b Experiment) int {
		return strings.Compare(a.Key+"\x00"+a.Campaign, b.Key+"\x00"+b.Campaign)
	})
	return found, leftOut, nil
}

// knownTrial is an experiment and whose it is.
type knownTrial struct {
	campaign string
	*trial
}

// compare puts what runs first, and then what began last.
func (k knownTrial) compare(other knownTrial) int {
	last := func(t *trial) (ended, began int64) {
		if runs := t.newestFirst(); len(runs) > 0 {
			_, began, ended = t.span(runs[0])
		}
		return min(ended, 1), began
	}
	ended, began := last(k.trial)
	otherEnded, otherBegan := last(other.trial)
	return cmp.Or(cmp.Compare(ended, otherEnded), cmp.Compare(otherBegan, began))
}

// experiment reads the numbers of an experiment's newest runs.
func (l *Ledger) experiment(
	ctx context.Context, k knownTrial, now time.Time, most int,
) (Experiment, error) {
	e := Experiment{
		Key: k.Key, Campaign: k.campaign, Metric: k.metric(),
		Window: time.Duration(k.window()) * time.Second, Runs: []RunNumbers{},
	}
	runs := k.newestFirst()
	e.Older = max(len(runs)-most, 0)
	for _, r := range runs[:len(runs)-e.Older] {
		n, err := l.numbers(ctx, k.trial, r, now)
		if err != nil {
			return Experiment{}, err
		}
		e.Runs = append(e.Runs, n)
	}
	return e, nil
}

// metric is the one that decides. An empty choice is kept as empty in the document: judge must tell
// it from a rate that was asked for.
func (t *trial) metric() string {
	if t.Metric == "" {
		return MetricRate
	}
	return t.Metric
}

// newestFirst are the runs by their last start. An operator asks for the one that runs. Of equal
// ones the order of the document holds.
func (t *trial) newestFirst() []*run {
	runs := make([]*run, len(t.Runs))
	for i := range t.Runs {
		runs[i] = &t.Runs[i]
	}
	slices.SortStableFunc(runs, func(a, b *run) int {
		_, x, _ := t.span(a)
		_, y, _ := t.span(b)
		return int(y - x)
	})
	return runs
}

// span is when a run began for the first and for the last time, and when it ended; 0 if it runs. A
// run that was gone and came back shows its last end.
func (t *trial) span(r *run) (first, last, until int64) {
	for i, s := range t.Starts {
		if string(s.Run) != string(r.ID) {
			continue
		}
		if first == 0 {
			first = s.At
		}
		last, until = s.At, 0
		if i+1 < len(t.Starts) {
			until = t.Starts[i+1].At
		}
	}
	if first == 0 { // its start is forgotten
		first, last, until = r.First, r.First, r.First
		if len(t.Starts) > 0 {
			until = t.Starts[0].At
		}
	}
	return first, last, until
}

// numbers reads a run's sums. The payments without an exposure have a row of the run alone, for
// they have no window. What is written between two reads may be in one and not in the other; the
// next look has both.
func (l *Ledger) numbers(
	ctx context.Context, t *trial, r *run, now time.Time,
) (RunNumbers, error) {
	count := newCount(r)
	// While a recount goes on, each person stands under one of the windows, so all are read.
	for _, window := range t.Windows {
		c := counting{l, ctx, r, window, now.Unix(), count}
		if err := c.read(); err != nil {
			return RunNumbers{}, err
		}
	}
	rows, err := l.store.Rows(ctx, Key{kindTally, string(r.ID)})
	if err != nil {
		return RunNumbers{}, err
	}
	n := count.numbers(t, r)
	n.Unexposed = rows[0][string(rune(figureUnexposed))]
	first, _, until := t.span(r)
	n.Since = time.Unix(first, 0).UTC()
	if until != 0 {
		n.Until = time.Unix(until, 0).UTC()
	}
	return n, nil
}

// counting reads the buckets of a run under one window. It lives for one call, so it may hold the
// context of that call.
type counting struct {
	l      *Ledger
	ctx    context.Context
	run    *run
	window int64
	now    int64
	into   *count
}

// read takes the days, and of the days that are not over for everybody the smaller buckets. A row
// has 32 days, so a year takes twelve rows; only the days around a window ago need more.
func (c counting) read() error {
	part := partOf(c.window)
	from := c.run.First / wholeDay
	to := c.now/wholeDay + 1 // another node's clock may be ahead
	open := from             // the first day that is not over for everybody
	err := c.buckets(wholeDay, from, to, func(bucket int64, f figureOf, n int64) {
		closed := c.closed(bucket, wholeDay)
		if closed && bucket >= open {
			open = bucket + 1
		}
		if f.figure == figurePeople {
			c.into.variants[f.variant].people += n
		}
		if closed {
			c.into.add(f, n)
		}
	})
	if err != nil || part == wholeDay {
		return err
	}
	// What is closed by now began a window ago at the latest; older days are closed as a whole.
	open = max(open, (c.now-c.window)/wholeDay-1)
	perDay := func(day int64) int64 { return day * wholeDay / part }
	return c.buckets(part, perDay(open), perDay(to+1), func(bucket int64, f figureOf, n int64) {
		day := bucket * part / wholeDay
		if c.closed(bucket, part) && !c.closed(day, wholeDay) {
			c.into.add(f, n)
		}
	})
}

// closed reports whether the window of everybody in a bucket is over. Its last second decides, so
// nobody is counted before their time.
func (c counting) closed(bucket, width int64) bool {
	return (bucket+1)*width+c.window <= c.now
}

// figureOf is what a number is about. It is the name of a field taken apart, without the bucket.
type figureOf struct {
	figure   byte
	variant  int
	currency string
}

// buckets visits the numbers of the buckets of a width, from one to another. All rows come in one
// round trip. Rows are named by arithmetic alone, so no list of them is needed.
func (c counting) buckets(width, from, to int64, visit func(int64, figureOf, int64)) error {
	var keys []Key
	for row := from / bucketsInRow; row <= to/bucketsInRow; row++ {
		id := tallyRow(c.run.ID, c.window, width, row*bucketsInRow)
		keys = append(keys, Key{kindTally, id})
	}
	rows, err := c.l.store.Rows(c.ctx, keys...)
	if err != nil {
		return err
	}
	for i, fields := range rows {
		base := (from/bucketsInRow + int64(i)) * bucketsInRow
		for name, n := range fields {
			figure, variant, bucket, currency, ok := readTallyField(name)
			if !ok || variant >= len(c.run.Variants) {
				continue // of a newer version
			}
			visit(base+bucket, figureOf{figure, variant, currency}, n)
		}
	}
	return nil
}
