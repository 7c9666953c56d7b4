package auth

import (
	"crypto/sha256"
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
	// atOnce is by how much a request may have read the clock before another one that overtook it.
	atOnce = time.Second
)

// cache remembers verified tokens, so that a returning visitor costs a comparison and not a
// signature check. It is a table with a bound: a token has cacheWays places, by its hash, and when
// all are taken any one of them gives way. A lost entry costs one signature check and nothing else.
// Only tokens that passed every check get in, so nobody can fill it with junk.
//
// Most tokens never come again, so of one that came once little is kept. If its check is cheap,
// that is the hash alone, which says no more than that it may be worth more the next time. Nothing
// is believed by this hash: what is found by it has the whole token to compare, or its SHA-256.
//
// Nobody waits for anybody. Two requests may write to one place at once; then the hash of one stands
// beside the token of the other, and neither is found.
type cache struct {
	// hashes are keyed ones of the tokens; zero is an empty place. One look at one cache line finds a
	// place: that is why they stand apart, and first.
	hashes [cacheSets][cacheWays]atomic.Uint64
	// tokens are nil where the hash alone is kept.
	tokens [cacheSets][cacheWays]atomic.Pointer[cached]
	// seed is nobody's but this process's, so that no one can aim at a place.
	seed maphash.Seed
}

// cached is one verified token. It never changes.
type cached struct {
	// token is the token, and user whose it is. Of one that came once, neither is there.
	token string
	user  *User
	// sum is the SHA-256 of a token that came once.
	sum [sha256.Size]byte
	// keys verified the token. When others come, it is not known any more.
	keys *keySet
	// It is good from the check on, and before notAfter, by the clock in Unix nanoseconds.
	checked, notAfter int64
}

// hash is never zero, which is an empty place.
func (c *cache) hash(token string) uint64 { return maphash.String(c.seed, token) | 1 }

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

// get is what is remembered of a token; nil if that is nothing.
func (c *cache) get(hash uint64, token string, keys *keySet, now time.Time) *cached {
	set, way, there := c.find(hash)
	if !there {
		return nil
	}
	known := c.tokens[set][way].Load()
	if known == nil || !known.knows(token, keys, now) {
		return nil
	}
	return known
}

// knows reports whether this is the token, it is still good by the clock, and these very keys
// verified it. A clock that was set back by more than atOnce is a miss as well.
func (c *cached) knows(token string, keys *keySet, now time.Time) bool {
	at := now.UnixNano()
	switch {
	case c.keys != keys, at < c.checked-int64(atOnce), at >= c.notAfter:
		return false
	case c.user != nil:
		return c.token == token
	}
	return c.sum == sumOf(token)
}

// userOf is whose token this is, if it came more than once and c knows it; nil otherwise.
func (c *cached) userOf(token string, keys *keySet, now time.Time) *User {
	if c == nil || c.user == nil || !c.knows(token, keys, now) {
		return nil
	}
	return c.user
}

// once is what is kept of a token that came once: if a check is cheap, nothing but its hash.
func (c *cached) once(cheap bool) *cached {
	if cheap {
		return nil
	}
	return &cached{
		sum: sumOf(c.token), keys: c.keys, checked: c.checked, notAfter: c.notAfter,
	}
}

func sumOf(token string) [sha256.Size]byte { return sha256.Sum256(bytesOf(token)) }

// put remembers a token that was verified, from its second time on with its user. It returns the
// one that is remembered: of two requests at once, both get the same.
func (c *cache) put(hash uint64, seen cached, now time.Time, cheap bool) *User {
	set, way, there := c.find(hash)
	place := &c.tokens[set][way]
	old := place.Load()
	if !there {
		c.hashes[set][way].Store(hash)
		if once := seen.once(cheap); once != old {
			place.Store(once)
		}
		return seen.user
	}
	if user := old.userOf(seen.token, seen.keys, now); user != nil {
		return user
	}
	kept := seen
	kept.user.Remembered = true
	kept.token = strings.Clone(seen.token) // the header that it stands in is not kept
	if place.CompareAndSwap(old, &kept) {
		return kept.user
	}
	if user := place.Load().userOf(seen.token, seen.keys, now); user != nil {
		return user
	}
	return kept.user
}
