package main

import (
	"context"
	"fmt"
	"time"
)

// loadPartners starts sites with a large table and with a table of one. What the large one takes
// more is its loading. A reload says nothing: it goes on with the table that is there.
func (l *lab) loadPartners(ctx context.Context) (table, error) {
	t := table{
		title: "Loading a table of partners, median (range)",
		head: []string{
			"partners", "start: exec to listening", "more than with one", "bar", "",
			"peak memory", "more than with one", "bar", "",
		},
	}
	var once struct {
		start time.Duration
		peak  int64
	}
	for _, rows := range []int{1, partnerRows} {
		var starts []time.Duration
		var peaks []int64
		for range l.runs {
			took, peak, err := l.loadOnce(ctx, rows)
			if err != nil {
				return t, err
			}
			starts, peaks = append(starts, took), append(peaks, peak)
		}
		start, peak := median(starts), median(peaks)
		if rows == 1 {
			once.start, once.peak = start, peak
			t.add("1", ranged(starts), "", "", "", megabytes(peak), "", "", "")
			continue
		}
		took, grew := start-once.start, peak-once.peak
		t.add(fmt.Sprint(rows), ranged(starts), millis(took), "≤ "+millis(tableTimeBar),
			verdict(took <= tableTimeBar), megabytes(peak), megabytes(grew),
			"≤ "+megabytes(tableMemoryBar), verdict(grew <= tableMemoryBar))
	}
	t.note("%d starts each. The peak is of resident memory, with Go's headroom.", l.runs)
	return t, nil
}

// loadOnce starts a site with so many partners.
func (l *lab) loadOnce(
	ctx context.Context, rows int,
) (took time.Duration, peak int64, err error) {
	began := time.Now()
	site, _, err := l.startWithPartners(ctx, rows)
	if err != nil {
		return 0, 0, err
	}
	defer site.stop()
	took = time.Since(began)
	_, peak, err = resident(site.pid())
	return took, peak, err
}
