package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The times of a remote key set. A rotated key is known after refreshPause at the latest, a revoked
// one is forgotten after refreshEvery.
const (
	// refreshEvery is the time between two good fetches, less or more a tenth.
	refreshEvery = 10 * time.Minute
	// refreshPause is the shortest time between two fetches that unverified tokens may ask for.
	refreshPause = 10 * time.Second
	// retryFirst and retryMost bound the pause after a failed fetch, which doubles each time.
	retryFirst = time.Second
	retryMost  = 30 * time.Second
	// lastGood is how long a set is used when no newer one can be had.
	lastGood = 24 * time.Hour
	// firstWait is how long a request waits for the very first set.
	firstWait = 3 * time.Second
)

// RemoteConfig configures RemoteKeys. Exactly one of URL and Issuer is set.
type RemoteConfig struct {
	// URL is the address of the key set, https or http on loopback, or the path of a file that
	// holds it.
	URL string
	// Issuer finds the key set by OpenID Connect discovery.
	Issuer string
	// Client fetches. Its redirects and cookies are not used. Nil means a client of our own.
	Client *http.Client
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// OnRefresh, if set, is told the result of each fetch: one of RefreshResults, with the cause
	// for the log unless it is "ok". It is called from one goroutine at a time and must not block.
	OnRefresh func(result string, err error)
}

// RemoteKeys is a key set that is fetched in the background: every ten minutes, less or more one,
// and when no key of the set verifies a token, then at most once in ten seconds. When the server
// fails the last good set is used for up to 24 hours. No request waits for a fetch, except up to
// three seconds for the very first set. It is safe for concurrent use and may be shared by several
// Authenticators.
type RemoteKeys struct {
	cfg   RemoteConfig
	fetch fetcher

	good atomic.Pointer[goodSet]
	born time.Time
	due  atomic.Int64  // when the next fetch should begin; see since
	wake chan struct{} // due has moved nearer

	mu       sync.Mutex // guards what follows; never held during a fetch
	flight   *flight
	started  time.Time // when the last fetch began
	failures int       // in a row
	lastErr  error     // of the last fetch
	runs     int       // how many Runs there are
}

// goodSet is the result of a good fetch. It never changes, so a request reads it without a lock.
type goodSet struct {
	keys    *keySet
	body    []byte
	fetched time.Time
}

// flight is a fetch under way. Everybody who needs its result waits for done. It is the only one of
// its key set: a fetch that is asked for meanwhile is this one.
type flight struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// NewRemoteKeys checks cfg and makes a key set. It makes no network connection: the first fetch is
// Run's, or that of the first request that needs keys. A file is read at once, and its faults are
// errors.
func NewRemoteKeys(cfg RemoteConfig) (*RemoteKeys, error) {
	if (cfg.URL == "") == (cfg.Issuer == "") {
		return nil, errors.New("write either jwks or issuer")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	k := &RemoteKeys{
		cfg:   cfg,
		fetch: newFetcher(cfg.Client),
		born:  cfg.Now(),
		wake:  make(chan struct{}, 1),
	}
	switch {
	case cfg.Issuer != "":
		if at, err := parseAddress(cfg.Issuer); err != nil || at.RawQuery != "" {
			return nil, fmt.Errorf("issuer %s: "+
				"write the https address that the provider calls its issuer", cfg.Issuer)
		}
	case k.isFile():
		if err := k.readNow(); err != nil {
			return nil, err
		}
		k.due.Store(int64(around(refreshEvery)))
	default:
		if _, err := parseAddress(cfg.URL); err != nil {
			return nil, fmt.Errorf("jwks %s: %w", cfg.URL, err)
		}
	}
	return k, nil
}

// since tells t by the monotonic clock, in nanoseconds since k was born: a wall clock that is set
// back must not put the next fetch off.
func (k *RemoteKeys) since(t time.Time) int64 { return int64(t.Sub(k.born)) }

// isFile reports whether URL is a path.
func (k *RemoteKeys) isFile() bool {
	return k.cfg.URL != "" && !strings.Contains(k.cfg.URL, "://")
}

// Run refreshes the keys until ctx ends. Several may run at once; only one fetches. When the last
// one returns, no goroutine of k is left.
func (k *RemoteKeys) Run(ctx context.Context) {
	k.mu.Lock()
	k.runs++
	k.mu.Unlock()
	defer k.endRun()
	for ctx.Err() == nil {
		now := k.cfg.Now()
		pause := time.Duration(k.due.Load() - k.since(now))
		if pause <= 0 {
			// Another Run, or a request, may have begun the fetch: then this waits for that one.
			select {
			case <-k.start(now).done:
			case <-ctx.Done():
			}
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-k.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// endRun ends a Run. With the last one the fetch under way ends too. It waits for that end, so that
// no callback comes after Run has returned.
func (k *RemoteKeys) endRun() {
	k.mu.Lock()
	k.runs--
	last, f := k.runs == 0, k.flight
	k.mu.Unlock()
	if last && f != nil {
		f.cancel()
		<-f.done
	}
}

// peek returns the last good set. If a fetch is due and no Run has begun it, peek begins it and
// does not wait. A set that is older than lastGood is returned, but not as one that may be used.
func (k *RemoteKeys) peek(now time.Time) (*keySet, bool) {
	good := k.good.Load()
	if good == nil {
		return nil, false
	}
	if k.since(now) >= k.due.Load() {
		k.start(now)
	}
	return good.keys, now.Sub(good.fetched) < lastGood
}

// held is peek, but for a fetch that may be due: nobody is asked.
func (k *RemoteKeys) held(now time.Time) (*keySet, bool) {
	good := k.good.Load()
	if good == nil {
		return nil, false
	}
	return good.keys, now.Sub(good.fetched) < lastGood
}

// wait returns the set, and waits for the very first one if a fetch is under way or may begin.
func (k *RemoteKeys) wait(ctx context.Context) (*keySet, error) {
	now := k.cfg.Now()
	keys, ok := k.peek(now)
	if ok {
		return keys, nil
	}
	if keys != nil {
		return nil, fmt.Errorf("%w: the last good set is too old: %w", ErrKeysUnavailable,
			k.lastError())
	}
	if f := k.startIfDue(now); f != nil {
		timer := time.NewTimer(firstWait)
		defer timer.Stop()
		select {
		case <-f.done:
		case <-timer.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, ctx.Err())
		}
	}
	if good := k.good.Load(); good != nil {
		return good.keys, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, k.lastError())
}

// outdated brings the next fetch forward, to ten seconds after the last one began. An unknown kid
// is one reason; a failed signature is another, because providers rotate under an old kid, or have
// none. Forged tokens are a reason as well, which is why the ten seconds hold for all of them
// together.
func (k *RemoteKeys) outdated() {
	now := k.cfg.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.flight != nil {
		return
	}
	// A fetch that began less than ten seconds ago may have come too early: wait for the rest.
	soonest := k.started.Add(refreshPause)
	if soonest.Before(now) {
		soonest = now
	}
	if k.since(soonest) < k.due.Load() {
		k.due.Store(k.since(soonest))
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
	if k.since(now) >= k.due.Load() {
		k.startLocked(now)
	}
}
