package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caddy-checkout/checkout/sandbox"
)

// The soak lets shoppers click for a long time while the API breaks in a different way every twenty
// seconds and the configuration is reloaded every thirty. Each shopper belongs to one goroutine, so
// that what they have paid for is known before they click again, and every answer can be judged.
const (
	soakWorkers   = 16
	soakShoppers  = 20_000
	faultEvery    = 20 * time.Second
	faultLasts    = 6 * time.Second
	reloadEvery   = 30 * time.Second
	redisEvery    = 45 * time.Second // with -cluster: a node is killed, and started again later
	redisLasts    = 20 * time.Second
	redisPool     = 20 // connections to one node, at most, on two cores
	payOneIn      = 40
	soakHookToken = "a-token-of-the-soak-only"
)

// soakCampaigns is a campaign with everything that costs something.
const soakCampaigns = `campaign pro {
			link_id 123
			package_name "Pro, {http.checkout.claim.sub}"
			experiment soak-price {
				variant control 50%
				variant cheaper 50% {
					one_time_price 14.99 EUR
				}
			}
		}`

const soakGlobal = `limits {
			timeout 2s
			per_subscriber 1000/1m
		}
		cache %s
			ttl %s
		}`

func soakFaults() []sandbox.Fault {
	return []sandbox.Fault{
		sandbox.ServerError(), sandbox.RateLimited("2"), sandbox.Latency(3 * time.Second),
		sandbox.CutOff(), sandbox.Reset(), sandbox.NotJSON(), sandbox.ErrorInside200(500000),
		sandbox.Huge(1 << 20),
		sandbox.WrongLink("javascript:alert(1)"), sandbox.Latency(200 * time.Millisecond),
	}
}

// soak is one run.
type soak struct {
	*lab
	site    *server
	zotlo   *api
	redis   redisCluster // with -cluster
	killed  atomic.Int64 // nodes of it
	stale   atomic.Int64 // paid links that were handed out, which a failover may bring back
	clicks  atomic.Int64
	links   atomic.Int64
	falls   atomic.Int64
	unread  atomic.Int64 // requests that a server which a reload had just replaced closed unread
	paid    atomic.Int64
	lost    atomic.Int64 // webhooks that did not arrive at once
	faults  atomic.Int64
	reloads atomic.Int64
	mu      sync.Mutex
	wrong   []error
}

// measureSoak runs for the time of the flag -soak.
func measureSoak(ctx context.Context, l *lab) ([]table, error) {
	s := &soak{lab: l}
	var err error
	if s.zotlo, err = openAPI(linkBase, 200_000); err != nil {
		return nil, err
	}
	defer s.zotlo.close()
	env := []string{"API=" + s.zotlo.url, "HOOK_TOKEN=" + soakHookToken}
	if l.cluster {
		if s.redis, err = startCluster(ctx); err != nil {
			return nil, err
		}
		defer s.redis.stop()
		env = append(env, "REDIS_1="+s.redis[0].addr, "REDIS_2="+s.redis[1].addr)
	}
	s.site, err = l.startCaddy(ctx, s.caddyfile("5m"), env...)
	if err != nil {
		return nil, err
	}
	defer s.site.stop()
	hook := "http://" + s.site.addr + "/hook?token=" + soakHookToken
	s.zotlo.SetWebhooks(sandbox.WebhooksTo(hook))

	w := watch(s.site)
	w.idle = len(s.redis) * redisPool
	if err := w.sample(ctx); err != nil {
		return nil, err
	}
	if err := s.fill(ctx); err != nil {
		return nil, err
	}
	s.run(ctx, w)
	if err := w.collect(ctx); err != nil {
		s.fail(err)
	}
	s.zotlo.Heal()
	// The server would rightly keep idle connections for a minute and a half.
	s.zotlo.server.SetKeepAlivesEnabled(false)
	if err := w.settle(ctx); err != nil {
		s.fail(err)
	}
	return []table{s.table(w)}, errors.Join(s.wrong...)
}

func (s *soak) caddyfile(ttl string) string {
	cache := "memory {"
	if s.cluster {
		cache = "redis {\n\t\t\turl redis://{$REDIS_1}\n\t\t\turl redis://{$REDIS_2}\n\t\t\tcluster"
	}
	text := shop{
		global: fmt.Sprintf(soakGlobal, cache, ttl), campaigns: soakCampaigns,
		routes: []route{
			{oursPath, "checkout_link pro {\n\t\t\tfallback /pricing\n\t\t}"},
			{"/hook", "checkout_webhook {\n\t\t\ttoken {env.HOOK_TOKEN}\n\t\t}"},
		},
	}
	return text.text()
}

// fill lets as many shoppers pay as the server remembers payments. It forgets them after hours
// only, so that without this half an hour would show nothing but its tables filling up.
func (s *soak) fill(ctx context.Context) error {
	var all errgroup.Group
	for worker := range soakWorkers {
		all.Go(func() error {
			client := newClient()
			defer client.CloseIdleConnections()
			for who := worker; who < s.payments; who += soakWorkers {
				link, err := s.click(ctx, client, soakShoppers+who, nil)
				if err != nil {
					return err
				}
				if _, err := s.zotlo.Pay(link); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// run keeps everything going until the time is over.
func (s *soak) run(ctx context.Context, w *watcher) {
	ctx, cancel := context.WithTimeout(ctx, s.soak)
	defer cancel()
	var all sync.WaitGroup
	for i := range soakWorkers {
		all.Go(func() { s.shoppers(ctx, i) })
	}
	all.Go(func() { every(ctx, faultEvery, s.breakAPI) })
	all.Go(func() { every(ctx, reloadEvery, s.reload) })
	if s.cluster {
		all.Go(func() { every(ctx, redisEvery, s.breakRedis) })
	}
	watching := func(d time.Duration, look func(context.Context) error) {
		all.Go(func() {
			every(ctx, d, func(ctx context.Context) {
				if err := look(ctx); err != nil && ctx.Err() == nil {
					s.fail(err)
				}
			})
		})
	}
	watching(sampleEvery, w.sample)
	watching(liveEvery, w.collect)
	all.Wait()
}

// every calls f at each tick.
func every(ctx context.Context, d time.Duration, f func(context.Context)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f(ctx)
		}
	}
}

func (s *soak) breakAPI(ctx context.Context) {
	list := soakFaults()
	s.zotlo.Fail(list[int(s.faults.Add(1))%len(list)])
	select {
	case <-ctx.Done():
	case <-time.After(faultLasts):
	}
	s.zotlo.Heal()
}

func (s *soak) breakRedis(ctx context.Context) {
	s.killed.Add(1)
	if err := s.redis.breakOne(ctx, redisLasts); err != nil && ctx.Err() == nil {
		s.fail(err)
	}
}

func (s *soak) reload(ctx context.Context) {
	ttl := []string{"5m", "4m"}[s.reloads.Add(1)%2]
	if err := s.site.load(ctx, s.caddyfile(ttl)); err != nil && ctx.Err() == nil {
		s.fail(fmt.Errorf("reload: %w", err))
	}
}

// fail keeps the first few things that went wrong.
func (s *soak) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) < 20 {
		s.wrong = append(s.wrong, err)
	}
}

func (s *soak) table(w *watcher) table {
	t := table{
		title: fmt.Sprintf("Soak: %v at %d clicks per second, a fault every %v, a reload every %v",
			s.soak, s.rate, faultEvery, reloadEvery),
		head: []string{"what", "figure"},
	}
	for _, row := range [][]string{
		{"clicks", fmt.Sprint(s.clicks.Load())},
		{"links handed out", fmt.Sprint(s.links.Load())},
		{"fallbacks", fmt.Sprint(s.falls.Load())},
		{"requests closed unread at a reload, and sent again", fmt.Sprint(s.unread.Load())},
		{
			"links paid, webhooks that did not arrive at once",
			fmt.Sprintf("%d, %d", s.paid.Load(), s.lost.Load()),
		},
		{"API calls", fmt.Sprint(s.zotlo.Calls())},
		{"faults, reloads", fmt.Sprintf("%d, %d", s.faults.Load(), s.reloads.Load())},
		{
			"nodes of Redis Cluster killed, paid links handed out",
			fmt.Sprintf("%d, %d", s.killed.Load(), s.stale.Load()),
		},
		{"wrong answers", fmt.Sprint(len(s.wrong))},
		{"resident memory: first, last quarter", fmt.Sprintf("%s, %s",
			megabytes(int64(w.mean(0, 0.25))), megabytes(int64(w.mean(0.75, 1))))},
		{fmt.Sprintf("live heap, every %v and at the end", liveEvery), w.lives()},
		{
			"slope of resident memory over the second half",
			fmt.Sprintf("%+.1f MB per hour", w.slope(0.5)/1e6*3600),
		},
		{"goroutines: before, after", fmt.Sprintf("%d, %d", w.first().goroutines,
			w.last().goroutines)},
		{"file descriptors: before, after", fmt.Sprintf("%d, %d", w.first().files, w.last().files)},
	} {
		t.add(row...)
	}
	return t
}
