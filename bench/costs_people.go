package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// inExperiment is the plain campaign with two variants that cost the same.
const inExperiment = `campaign pro {
			link_id 123
			package_name "Pro, lifetime"
			experiment price {
				variant control 50%
				variant other 50%
			}
		}`

// people measures shoppers who are new in an experiment. The ledger is alone in its Redis, so that
// what Redis spends and holds is the ledger's.
func (c *costs) people(ctx context.Context, l *lab) error {
	w, err := l.stand(ctx, shop{
		global: rateOf(1_000_000) + redisBook, campaigns: inExperiment,
		routes: []route{{oursPath, "checkout_link pro"}},
	})
	if err != nil {
		return err
	}
	defer w.stop()
	var trips [2]int64
	looks := 0
	bytes, err := c.meet(ctx, l, w, func() (n int64, err error) {
		if trips[looks], err = w.trips(ctx); err != nil {
			return 0, err
		}
		looks++
		return w.usedMemory(ctx)
	})
	c.bytes[redisExposureBytes] = bytes
	c.trips = trips[1] - trips[0]
	return err
}

// file measures what the same people take in a file.
func (c *costs) file(ctx context.Context, l *lab) error {
	w, err := l.stand(ctx, shop{
		global: fileBook, campaigns: inExperiment,
		routes: []route{{oursPath, "checkout_link pro"}},
	})
	if err != nil {
		return err
	}
	defer w.stop()
	spare := &costs{clicks: c.clicks, cpu: map[string]time.Duration{}}
	bytes, err := spare.meet(ctx, l, w, func() (int64, error) {
		n, err := w.site.metric(ctx, "caddy_checkout_ledger_bytes")
		return int64(n), err
	})
	c.bytes[fileExposureBytes] = bytes
	return err
}

// meet lets everybody click once, waits until the ledger knows them, and returns by how much its
// size has grown.
func (c *costs) meet(
	ctx context.Context, l *lab, w *stand, size func() (int64, error),
) (grown int64, err error) {
	client, err := c.crowd(l, w, http.StatusSeeOther)
	if err != nil {
		return 0, err
	}
	defer client.close()
	before := 4 * l.conns
	if err := w.site.exposed(ctx, before); err != nil {
		return 0, err
	}
	empty, err := size()
	if err != nil {
		return 0, err
	}
	var failed error
	client.after = func() { failed = w.site.exposed(ctx, before+c.clicks) }
	if err := w.spend(c, client, c.clicks, nodeExposure, redisExposure); err != nil {
		return 0, err
	}
	if failed != nil {
		return 0, failed
	}
	full, err := size()
	return full - empty, err
}

// exposed waits until that many people are written down. Each look costs the server something, so
// there are few.
func (s *server) exposed(ctx context.Context, people int) error {
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		n, err := s.metric(ctx, "caddy_checkout_exposures_total")
		if err != nil {
			return err
		}
		if int(n) >= people {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return fmt.Errorf("the ledger does not know all of %d people", people)
}

// metric is the sum of a metric over all labels.
func (s *server) metric(ctx context.Context, name string) (sum float64, err error) {
	page, err := s.admin(ctx, http.MethodGet, "/metrics", "", nil)
	if err != nil {
		return 0, err
	}
	sample := regexp.MustCompile(`(?m)^` + name + `(?:\{.*\})? (\S+)$`)
	for _, m := range sample.FindAllSubmatch(page, -1) {
		n, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
