package auth

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"
)

// The size of the table is a trade: too small, and a busy site checks signatures again and again;
// too big, and memory is held for users who have left.
const (
	// cacheTime is how long a verified token is remembered.
	cacheTime = time.Minute
	// cacheSize is how many are: a power of two, and a multiple of cacheWays.
	cacheSize = 32768
	// cacheWays is how many places a token may take.
	cacheWays = 8
	// cacheSets is how many groups of as many places there are.
	cacheSets = cacheSize / cacheWays
)

// cache remembers verified tokens, so that a returning visitor costs a comparison and not a
// signature check. It is a table with a bound: a token has cacheWays places, by its hash, and when
// all are taken any one of them gives way. A lost entry costs one signature check and nothing else.
// Only tokens that passed every check get in, so nobody can fill it with junk.
//
// Most tokens never come again. So of one whose check is cheap only the hash is kept at first, which
// says no more than that it may be worth more the next time. Nothing is believed by a hash: what is
// found by it has the whole token, which is compared.
//
// Nobody waits for anybody. Two requests may write to one place at once; then the hash of one stands
// beside the token of the other, and neither is found.
type cache struct {
	// hashes are keyed ones of the tokens; zero is an empty place. One look at one cache line finds a
	// place: that is why they stand apart, and first.
	hashes [cacheSets][cacheWays]atomic.Uint64
	// tokens are nil where only the hash is kept.
	tokens [cacheSets][cacheWays]atomic.Pointer[cached]
	// seed is nobody's but this process's, so that no one can aim at a place.
	seed maphash.Seed
}

// cached is one verified token, and whose it is. It never changes.
type cached struct {
	token string
	// keys verified the token. When others come, it is not known any more.
	keys *keySet
	user *User
	// It is good from the check on, and before notAfter, by the clock in Unix nanoseconds.
	checked, notAfter int64
}

// find is the place of a hash, or else one that it may take, and whether it is there.
func (c *cache) find(hash uint64) (set, way int, there bool) {
	set = int(hash >> 1 % cacheSets)
	way = int(hash >> 61) // of a full set any place, but not always the same
	for i := range c.hashes[set] {
		switch c.hashes[set][i].Load() {
		case hash:
			return set, i, true
		case 0:
			way = i
		}
	}
	return set, way, false
}

// get is the user of a token that is remembered, is still good by the clock, and was verified by
// these very keys; nil otherwise. A clock that was set back is a miss as well.
func (c *cache) get(hash uint64, token string, keys *keySet, now time.Time) *User {
	set, way, there := c.find(hash)
	if !there {
		return nil
	}
	known := c.tokens[set][way].Load()
	if known == nil || known.token != token || !known.good(keys, now) {
		return nil
	}
	return known.user
}

// good reports whether a token may be used without another check.
func (c *cached) good(keys *keySet, now time.Time) bool {
	at := now.UnixNano()
	return c.keys == keys && at >= c.checked && at < c.notAfter
}

// put remembers that a token was verified, until notAfter and for cacheTime at most. A cheap check
// makes it keep the hash alone, the first time. It returns the user that is remembered: of two
// requests at once, both get the same.
func (c *cache) put(hash uint64, seen cached, now, notAfter time.Time, cheap bool) *User {
	set, way, there := c.find(hash)
	place := &c.tokens[set][way]
	if !there {
		c.hashes[set][way].Store(hash)
		if cheap {
			if place.Load() != nil { // to look costs less than to write
				place.Store(nil)
			}
			return seen.user
		}
	}
	old := place.Load()
	if old != nil && old.token == seen.token && old.good(seen.keys, now) {
		return old.user
	}
	kept := seen
	kept.user.Remembered = true
	kept.token = strings.Clone(seen.token) // the header that it stands in is not kept
	kept.checked = now.UnixNano()
	kept.notAfter = min(notAfter.UnixNano(), now.Add(cacheTime).UnixNano())
	if place.CompareAndSwap(old, &kept) {
		return kept.user
	}
	if other := place.Load(); other != nil && other.token == seen.token {
		return other.user
	}
	return kept.user
}
