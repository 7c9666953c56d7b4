//go:build unix

package rediscache

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/redistest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/cachetest"
)

// TestCluster has one cluster of three masters and three replicas, which loses more and more.
func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	stories := 0
	prefix := func() string { stories++; return fmt.Sprintf("story-%d:", stories) }
	cachetest.Run(t, func(t *testing.T) linkgen.Cache {
		return open(t, patient(Config{URLs: cluster.URLs(), Cluster: true, KeyPrefix: prefix()}))
	})

	t.Run("a rate is counted", func(t *testing.T) {
		c := open(t, patient(Config{URLs: cluster.URLs(), Cluster: true}))
		for i := range 18 { // each of six names has its node
			_, ok, err := c.TakeTurn(bg, fmt.Sprint(i%6), 2, time.Hour, 0)
			if err != nil || ok != (i < 12) {
				t.Errorf("turn %d: %v, %v", i, ok, err)
			}
		}
	})

	s := newShoppers(t, cluster)
	t.Run("every master has a share", s.areOnEveryMaster)
	t.Run("a slot moves", s.seeASlotMove)
	killed := t.Run("a master is killed", func(t *testing.T) {
		cluster.Masters[0].Kill()
		s.loseOnly(t, 0)
		s.loseAllWithFullCoverage(t, 0)
		s.getBack(t, 0)
	})
	if !killed {
		t.Fatal("the cluster is not what it should be now")
	}
	t.Run("a master hangs", func(t *testing.T) {
		cluster.Masters[0].Restart() // as a replica: two of three masters must agree on a failover
		cluster.Masters[1].Pause()
		s.loseOnly(t, 1)
		s.getBack(t, 1)
		cluster.Masters[1].Resume()
		s.getBack(t, 1)
	})
}

const clusterShoppers = 300

// shoppers click at random, all the time, and count what they find by the master that their links
// belong to.
type shoppers struct {
	cluster *redistest.Cluster
	cache   *Cache
	keys    []linkgen.Key
	master  []int // of each key

	mu     sync.Mutex
	found  [3]tally
	failed map[string]int // by kind, of clicks and of links that were stored
}

// tally is how many clicks found a link.
type tally struct{ hits, clicks int }

func (a tally) share() float64 { return float64(a.hits) / float64(max(a.clicks, 1)) }

// newShoppers stores a link for everybody, and lets four goroutines click until the test ends.
func newShoppers(t *testing.T, cluster *redistest.Cluster) *shoppers {
	t.Helper()
	// Long enough for a busy machine. A master that hangs costs five times as much, once.
	cfg := Config{
		URLs: cluster.URLs(), Cluster: true, Secret: secret, Timeout: 400 * time.Millisecond,
	}
	s := &shoppers{cluster: cluster, cache: open(t, cfg), failed: make(map[string]int)}
	for i := range clusterShoppers {
		k := cachetest.Key(fmt.Sprint("subscriber ", i), "pro")
		s.keys = append(s.keys, k)
		s.master = append(s.master, cluster.MasterOf(s.cache.names(k).epoch))
		redistest.Eventually(t, "a link is stored", func() bool { return s.click(i) })
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for clicker := range 4 {
		all.Go(func() {
			for i := clicker; ; i = (i + 7) % len(s.keys) {
				select {
				case <-stop:
					return
				default:
					s.click(i)
				}
			}
		})
	}
	t.Cleanup(func() { close(stop); all.Wait() })
	return s
}

// click looks for a shopper's link. Where there is none, one is made and stored.
func (s *shoppers) click(i int) (hit bool) {
	l, err := s.cache.Get(bg, s.keys[i])
	if err == nil && !l.Found {
		err = s.cache.Set(bg, s.keys[i], l.Epoch, cachetest.Entry(link))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tally := &s.found[s.master[i]]
	tally.clicks++
	if l.Found {
		tally.hits++
	}
	if err != nil {
		s.failed[Kind(err)]++
	}
	return l.Found
}

// look lets clicks happen and returns what was found in these, by master and in all.
func (s *shoppers) look(t *testing.T, clicks int) (byMaster [3]tally, all tally, failed string) {
	t.Helper()
	s.mu.Lock()
	s.found, s.failed = [3]tally{}, make(map[string]int)
	s.mu.Unlock()
	redistest.Eventually(t, "there were clicks", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		byMaster, all, failed = s.found, tally{}, fmt.Sprint(s.failed)
		for _, m := range byMaster {
			all.hits, all.clicks = all.hits+m.hits, all.clicks+m.clicks
		}
		return all.clicks >= clicks
	})
	return byMaster, all, failed
}

func (s *shoppers) areOnEveryMaster(t *testing.T) {
	byMaster, all, failed := s.look(t, 3000)
	for i, m := range byMaster {
		if share := float64(m.clicks) / float64(all.clicks); share < 0.2 || m.hits != m.clicks {
			t.Errorf("master %d has %+v of %+v; %s", i, m, all, failed)
		}
		if n := s.cluster.Masters[i].Client().DBSize(t.Context()).Val(); n < clusterShoppers/5 {
			t.Errorf("master %d holds %d keys", i, n)
		}
	}
}

// seeASlotMove moves the slot of one shopper: they lose no link, also while it is on its way.
func (s *shoppers) seeASlotMove(t *testing.T) {
	slot := redistest.Slot(s.cache.names(s.keys[0]).epoch)
	from := s.cluster.Masters[s.master[0]]
	to := s.cluster.Masters[(s.master[0]+1)%3]
	unharmed := func(when string) {
		t.Helper()
		for range 50 {
			hit(t, s.cache, s.keys[0], link)
		}
		if _, all, failed := s.look(t, 1000); all.hits != all.clicks || failed != "map[]" {
			t.Errorf("%s: %+v, %s", when, all, failed)
		}
	}
	s.cluster.BeginMove(slot, from, to)
	unharmed("while it moves")
	s.cluster.EndMove(slot, from, to)
	unharmed("after it moved")
	s.cluster.BeginMove(slot, to, from)
	s.cluster.EndMove(slot, to, from)
	unharmed("back again")
}

// loseOnly holds that the links of one master are lost, and no others.
func (s *shoppers) loseOnly(t *testing.T, lost int) {
	t.Helper()
	held := func(when string) {
		t.Helper()
		byMaster, all, failed := s.look(t, 6000)
		for i, m := range byMaster {
			switch {
			case i == lost && (m.hits > 4 || m.clicks < all.clicks/5): // four clicks were under way
				t.Errorf("%s: the lost master %d answers %+v of %+v", when, i, m, all)
			case i != lost && m.share() < 0.98:
				t.Errorf("%s: master %d, which lives, answers %+v; %s", when, i, m, failed)
			}
		}
		if all.share() < 0.6 {
			t.Errorf("%s: %.0f %% hits; %s", when, 100*all.share(), failed)
		}
	}
	held("at once")
	s.cluster.AwaitDown(lost)
	held("when all know it")
}

// loseAllWithFullCoverage holds what the manual says of cluster-require-full-coverage, whose
// default is yes: without one master there is no cluster.
func (s *shoppers) loseAllWithFullCoverage(t *testing.T, lost int) {
	t.Helper()
	var alive []*redistest.Server
	for i, master := range s.cluster.Masters {
		if i != lost {
			alive = append(alive, master)
		}
	}
	s.cluster.RequireFullCoverage("yes", alive...)
	redistest.Eventually(t, "the whole cache is off", func() bool {
		_, all, failed := s.look(t, 300)
		return all.hits == 0 && strings.Contains(failed, "cluster")
	})
	s.cluster.RequireFullCoverage("no", alive...)
	redistest.Eventually(t, "the others' links are there again", func() bool {
		_, all, _ := s.look(t, 300)
		return all.share() > 0.6
	})
}

// getBack has a master's replica promoted: within ten seconds nearly every click is a hit.
func (s *shoppers) getBack(t *testing.T, lost int) {
	t.Helper()
	s.cluster.AllowFailover(lost)
	promoted := time.Now()
	redistest.Eventually(t, "nearly all clicks are hits", func() bool {
		byMaster, all, _ := s.look(t, 600)
		return all.share() >= 0.99 && byMaster[lost].share() >= 0.99
	})
	if took := time.Since(promoted); took > 10*time.Second {
		t.Errorf("%v passed from the promotion until links were found again", took)
	}
}
