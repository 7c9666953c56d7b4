package main

import (
	"context"
	"fmt"
	"time"
)

// loadPartners starts and reloads sites with a large table and with a table of one. What the large
// one takes more is its loading.
func (l *lab) loadPartners(ctx context.Context) (table, error) {
	t := table{
		title: "Loading a table of partners, median (range)",
		head: []string{
			"partners", "reload: config in to config live", "more than with one", "bar", "",
			"peak memory after the start", "more than with one", "bar", "",
		},
	}
	var once struct {
		reload time.Duration
		peak   int64
	}
	for _, rows := range []int{1, partnerRows} {
		var reloads []time.Duration
		var peaks []int64
		for range l.runs {
			more, peak, err := l.loadOnce(ctx, rows)
			if err != nil {
				return t, err
			}
			reloads, peaks = append(reloads, more...), append(peaks, peak)
		}
		reload, peak := median(reloads), median(peaks)
		if rows == 1 {
			once.reload, once.peak = reload, peak
			t.add("1", ranged(reloads), "", "", "", megabytes(peak), "", "", "")
			continue
		}
		took, grew := reload-once.reload, peak-once.peak
		t.add(fmt.Sprint(rows), ranged(reloads), millis(took), "≤ "+millis(tableTimeBar),
			verdict(took <= tableTimeBar), megabytes(peak), megabytes(grew),
			"≤ "+megabytes(tableMemoryBar), verdict(grew <= tableMemoryBar))
	}
	t.note("%d starts each, three reloads after each start. The peak is of resident memory, with "+
		"Go's headroom, before the first reload: while one runs there are two tables.", l.runs)
	return t, nil
}

// loadOnce starts a site with so many partners and loads its configuration three times more.
func (l *lab) loadOnce(
	ctx context.Context, rows int,
) (reloads []time.Duration, peak int64, err error) {
	site, s, err := l.startWithPartners(ctx, rows)
	if err != nil {
		return nil, 0, err
	}
	defer site.stop()
	if _, peak, err = resident(site.pid()); err != nil {
		return nil, 0, err
	}
	for range 3 {
		began := time.Now()
		if err := site.load(ctx, s.text()); err != nil {
			return nil, 0, err
		}
		reloads = append(reloads, time.Since(began))
	}
	return reloads, peak, nil
}
