package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	sampleEvery = 5 * time.Second
	liveEvery   = 5 * time.Minute // a collection each time, so not often
	// settleTime is how long connections and goroutines may take to end after the last click.
	settleTime = 2 * time.Minute
)

// watcher samples what a server holds.
type watcher struct {
	site    *server
	started time.Time
	samples []held
	live    []int64 // bytes of the heap right after a collection
	idle    int     // connections that the server may rightly keep: to Redis
}

type held struct {
	at         time.Duration
	memory     int64
	goroutines int
	files      int
}

func watch(site *server) *watcher { return &watcher{site: site, started: time.Now()} }

func (w *watcher) first() held { return w.samples[0] }
func (w *watcher) last() held  { return w.samples[len(w.samples)-1] }

func (w *watcher) sample(ctx context.Context) error {
	h := held{at: time.Since(w.started)}
	var err error
	if h.memory, _, err = resident(w.site.pid()); err != nil {
		return err
	}
	profile, err := w.site.admin(ctx, http.MethodGet, "/debug/pprof/goroutine?debug=1", "", nil)
	if err != nil {
		return err
	}
	_, err = fmt.Sscanf(string(profile), "goroutine profile: total %d", &h.goroutines)
	if err != nil {
		return fmt.Errorf("reading the goroutine profile: %w", err)
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.site.pid()))
	if err != nil {
		return err
	}
	h.files = len(files)
	w.samples = append(w.samples, h)
	return nil
}

// collect notes the heap without Go's headroom, which comes and goes.
func (w *watcher) collect(ctx context.Context) error {
	live, err := w.site.liveHeap(ctx)
	if err != nil {
		return err
	}
	w.live = append(w.live, live)
	return nil
}

// settle samples until the server holds about what it held before.
func (w *watcher) settle(ctx context.Context) error {
	const slack = 10 // Caddy's own background work
	for deadline := time.Now().Add(settleTime); ; {
		if err := w.sample(ctx); err != nil {
			return err
		}
		before, now := w.first(), w.last()
		if now.goroutines <= before.goroutines+slack &&
			now.files <= before.files+slack+w.idle {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server still holds %d goroutines and %d files, where it began "+
				"with %d and %d", now.goroutines, now.files, before.goroutines, before.files)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sampleEvery):
		}
	}
}

// lives lists the live heap in the order of time.
func (w *watcher) lives() string {
	var list []string
	for _, live := range w.live {
		list = append(list, megabytes(live))
	}
	return strings.Join(list, ", ")
}

// part is the samples between two shares of the run, without the one from before it.
func (w *watcher) part(from, to float64) []held {
	run := w.samples[1:]
	n := float64(len(run))
	return run[int(from*n):max(int(to*n), int(from*n)+1)]
}

// mean is the mean memory between two shares of the run.
func (w *watcher) mean(from, to float64) float64 {
	var sum float64
	list := w.part(from, to)
	for _, h := range list {
		sum += float64(h.memory)
	}
	return sum / float64(len(list))
}

// slope is the least-squares slope of memory over time from a share of the run on, in bytes per
// second.
func (w *watcher) slope(from float64) float64 {
	list := w.part(from, 1)
	var x, y, xx, xy float64
	for _, h := range list {
		t, m := h.at.Seconds(), float64(h.memory)
		x, y, xx, xy = x+t, y+m, xx+t*t, xy+t*m
	}
	n := float64(len(list))
	if d := n*xx - x*x; d != 0 {
		return (n*xy - x*y) / d
	}
	return 0
}

// load gives the server another Caddyfile.
func (s *server) load(ctx context.Context, caddyfile string) error {
	_, err := s.admin(ctx, http.MethodPost, "/load", "text/caddyfile", strings.NewReader(caddyfile))
	return err
}
