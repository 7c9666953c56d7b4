package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"
)

const (
	fleetNodes = 4
	fleetRate  = 50 // calls per second, of all nodes together
	// fleetClicks is how many shoppers wait for an answer at the same time.
	fleetClicks = 1000
)

// measureFleet lets a crowd without links click on four nodes that share a rate, and on four that
// do not. Anyone who is turned away comes back when the answer says.
func measureFleet(ctx context.Context, l *lab) ([]table, error) {
	t := table{
		title: fmt.Sprintf("%d shoppers without a link, %d nodes, `rate %d/1s`",
			l.crowd, fleetNodes, fleetRate),
		head: []string{
			"nodes", "shoppers", "with a link", "API calls", "took",
			"above the rate and one burst, at most", "clicks per shopper", "most",
			"cache errors", "bar", "",
		},
	}
	shared := `cache redis {
			url redis://{$REDIS}
			timeout 5s
		}`
	// Alone, nodes need no long run to pass the rate.
	alone := min(l.crowd, 4*fleetNodes*fleetRate)
	if err := l.fleet(ctx, &t, "share a Redis", shared, l.crowd); err != nil {
		return []table{t}, err
	}
	if err := l.fleet(ctx, &t, "share nothing (the control)", "", alone); err != nil {
		return []table{t}, err
	}
	t.note("Every call is counted where it arrives. The rate allows %d at once and %d each second "+
		"from the first click on.", fleetRate, fleetRate)
	return []table{t}, nil
}

// fleet adds a row: a crowd at nodes with this cache.
func (l *lab) fleet(ctx context.Context, t *table, who, cache string, crowd int) error {
	redis, err := startRedis(ctx)
	if err != nil {
		return err
	}
	defer redis.stop()
	zotlo, err := openAPI(linkBase, 1)
	if err != nil {
		return err
	}
	defer zotlo.close()
	meter, err := openMeter(zotlo)
	if err != nil {
		return err
	}
	defer meter.close()
	s := shop{
		global: fmt.Sprintf("limits {\n\t\t\ttimeout 30s\n\t\t\trate %d/1s\n\t\t}\n\t\t%s",
			fleetRate, cache),
		campaigns: plain, routes: []route{{oursPath, "checkout_link pro"}},
	}
	var nodes []*server
	for range fleetNodes {
		node, err := l.startCaddy(ctx, s.text(), "API="+meter.url, "REDIS="+redis.addr)
		if err != nil {
			return err
		}
		defer node.stop()
		nodes = append(nodes, node)
	}
	requests, err := l.keys.clicks("HS256", oursPath, crowd)
	if err != nil {
		return err
	}
	c := &visitors{
		nodes: nodes, places: make(chan struct{}, fleetClicks),
		dawdle: time.Second + time.Duration(crowd)*2*time.Millisecond,
	}
	meter.begin()
	start := time.Now()
	clicks, err := c.click(ctx, requests)
	if err != nil {
		return fmt.Errorf("%s: %w", who, err)
	}
	took := time.Since(start)
	calls, over := meter.read()
	mean, most := 0, 0
	for _, n := range clicks {
		mean, most = mean+n, max(most, n)
	}
	bar, met := "never above", over <= 0
	if cache == "" {
		bar, met = "above", over > 0
	}
	failed, err := cacheErrors(ctx, nodes)
	if err != nil {
		return err
	}
	t.add(who, fmt.Sprint(crowd), fmt.Sprint(len(clicks)), fmt.Sprint(calls), seconds(took),
		fmt.Sprintf("%.1f calls", over), fmt.Sprintf("%.1f", float64(mean)/float64(len(clicks))),
		fmt.Sprint(most), fmt.Sprint(failed), bar, verdict(met))
	return nil
}

// cacheErrors is how often Redis gave no answer in time: then a node counts alone, and the figures
// are those of a fleet without Redis.
func cacheErrors(ctx context.Context, nodes []*server) (sum int, err error) {
	sample := regexp.MustCompile(`(?m)^caddy_checkout_cache_errors_total\{.*\} (\d+)`)
	for _, node := range nodes {
		page, err := node.admin(ctx, http.MethodGet, "/metrics", "", nil)
		if err != nil {
			return 0, err
		}
		for _, m := range sample.FindAllSubmatch(page, -1) {
			n, err := strconv.Atoi(string(m[1]))
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}

// visitors are shoppers who click until they have a link.
type visitors struct {
	nodes  []*server
	places chan struct{}
	// dawdle is how much later, at most, they come back than they are told to. Without it, the load
	// of those who are turned away would be measured.
	dawdle time.Duration
}

// click returns how often each shopper clicked.
func (c *visitors) click(ctx context.Context, requests [][]byte) (clicks []int, err error) {
	var (
		all      sync.WaitGroup
		mu       sync.Mutex
		failures []error
	)
	for i, request := range requests {
		all.Go(func() {
			n, err := c.insist(ctx, c.nodes[i%len(c.nodes)].addr, request)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, err)
				return
			}
			clicks = append(clicks, n)
		})
	}
	all.Wait()
	if len(failures) > 0 {
		return nil, fmt.Errorf("%d shoppers without a link, the first: %w",
			len(failures), failures[0])
	}
	return clicks, nil
}

// insist clicks until there is a link, and comes back when it is told to, or a little later.
func (c *visitors) insist(ctx context.Context, addr string, request []byte) (clicks int, err error) {
	for {
		clicks++
		select {
		case c.places <- struct{}{}:
		case <-ctx.Done():
			return clicks, ctx.Err()
		}
		res, _, err := ask(addr, request)
		<-c.places
		if err != nil {
			return clicks, err
		}
		again, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		switch {
		case res.StatusCode == http.StatusSeeOther:
			return clicks, nil
		case res.StatusCode != http.StatusServiceUnavailable, again == 0:
			return clicks, fmt.Errorf("the answer is %s", res.Status)
		}
		select {
		case <-time.After(time.Duration(again)*time.Second + rand.N(c.dawdle)):
		case <-ctx.Done():
			return clicks, ctx.Err()
		}
	}
}

// meter stands before an API and counts the calls that arrive.
type meter struct {
	url    string
	server *http.Server

	mu    sync.Mutex
	began time.Time
	calls int
	over  float64 // calls above the rate and one burst, at the worst moment
}

func openMeter(a *api) (*meter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &meter{url: "http://" + listener.Addr().String()}
	m.server = &http.Server{Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			m.count()
			a.ServeHTTP(w, r)
		})}
	go func() { _ = m.server.Serve(listener) }()
	return m, nil
}

func (m *meter) close() { m.server.Close() }

func (m *meter) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.began = time.Now()
}

func (m *meter) count() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	allowed := fleetRate * (1 + time.Since(m.began).Seconds())
	m.over = max(m.over, float64(m.calls)-allowed)
}

func (m *meter) read() (calls int, over float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls, m.over
}
