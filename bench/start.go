package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// measureStart starts and reloads Caddy with one campaign and with 1,000.
func measureStart(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: "Start-up and reload, median (range)",
		head: []string{
			"campaigns", "start: exec to the first link",
			"reload: config in to config live",
		},
	}
	for _, n := range []int{1, manyCampaigns} {
		s := shop{campaigns: campaigns(n), routes: []route{{oursPath, "checkout_link pro"}}}
		var starts, reloads []time.Duration
		for range l.runs {
			start, reload, err := l.startOnce(ctx, s)
			if err != nil {
				return []table{t}, err
			}
			starts, reloads = append(starts, start), append(reloads, reload...)
		}
		t.add(fmt.Sprint(n), ranged(starts), ranged(reloads))
	}
	t.note("%d starts each, three reloads after each start.", l.runs)
	return []table{t}, nil
}

func (l *lab) startOnce(
	ctx context.Context, s shop,
) (start time.Duration, reloads []time.Duration, err error) {
	text := s.text()
	click, err := l.keys.clicks(s.algorithm(), oursPath, 1)
	if err != nil {
		return 0, nil, err
	}
	began := time.Now()
	site, err := l.startCaddy(ctx, text)
	if err != nil {
		return 0, nil, err
	}
	defer site.stop()
	res, _, err := ask(site.addr, click[0])
	if err != nil {
		return 0, nil, err
	}
	if res.StatusCode != http.StatusSeeOther {
		return 0, nil, fmt.Errorf("the first click gets status %d\n%s", res.StatusCode,
			site.complaint())
	}
	start = time.Since(began)
	for range 3 {
		began := time.Now()
		if err := site.load(ctx, text); err != nil {
			return 0, nil, err
		}
		reloads = append(reloads, time.Since(began))
	}
	return start, reloads, nil
}

// ranged is the median and, in parentheses, the least and the most.
func ranged(list []time.Duration) string {
	return fmt.Sprintf("%s (%s–%s)", millis(median(list)), millis(slices.Min(list)),
		millis(slices.Max(list)))
}
