package auth

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
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

// cache remembers verified tokens, so that a returning visitor costs a hash and not a signature
// check. It is a table with a bound: a token has cacheWays places, by its hash, and when all are
// taken the one that was filled first gives way. A lost entry costs one signature check and nothing
// else. Only tokens that passed every check get in, so nobody can fill it with junk.
//
// Of a token that was seen once it keeps the hash alone: most are never seen again. A User is
// worth keeping from the second time on.
type cache struct {
	sets [cacheSets]atomic.Pointer[cacheSet]
}

// cacheSet is cacheWays places. What holds pointers stands first, so that the garbage collector
// stops there.
type cacheSet struct {
	mu sync.Mutex
	// keys verified all that is here. When others come, it is forgotten.
	keys *keySet
	// users are nil where a place is empty, or its token was seen once.
	users [cacheWays]*User
	// marks are parts of the hashes, so that a look at one cache line finds the place.
	marks  [cacheWays]uint16
	tokens [cacheWays]cached
}

// cached is one verified token; a zero notAfter is an empty place.
type cached struct {
	hash     [sha256.Size]byte
	stored   int64 // Unix nanoseconds
	notAfter int64
}

// set is where the places of a token are.
func (c *cache) set(hash *[sha256.Size]byte) *atomic.Pointer[cacheSet] {
	return &c.sets[binary.LittleEndian.Uint64(hash[:])%cacheSets]
}

// markAt is where the mark of a token is in its hash, behind what says its set.
const markAt = 8

// get reports whether a token is remembered, is still good by the clock, and was verified by these
// very keys. If it was seen twice, it returns its user. A clock that was set back is a miss as well.
func (c *cache) get(hash *[sha256.Size]byte, keys *keySet, now time.Time) (user *User, known bool) {
	set := c.set(hash).Load()
	if set == nil {
		return nil, false
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	i := set.findLocked(hash, keys)
	if i < 0 {
		return nil, false
	}
	if at := now.UnixNano(); at < set.tokens[i].stored || at >= set.tokens[i].notAfter {
		return nil, false
	}
	return set.users[i], true
}

// put remembers until notAfter, and for cacheTime at most, that a token was verified.
func (c *cache) put(hash *[sha256.Size]byte, keys *keySet, now, notAfter time.Time) {
	at := c.set(hash)
	set := at.Load()
	if set == nil {
		set = new(cacheSet)
		if !at.CompareAndSwap(nil, set) {
			set = at.Load() // another request was quicker
		}
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	if set.keys != keys {
		set.keys = keys
		clear(set.users[:])
		clear(set.tokens[:])
	}
	i := set.findLocked(hash, keys)
	if i < 0 {
		i = set.oldestLocked()
	}
	set.users[i], set.marks[i] = nil, binary.LittleEndian.Uint16(hash[markAt:])
	set.tokens[i] = cached{
		hash: *hash, stored: now.UnixNano(),
		notAfter: min(notAfter.UnixNano(), now.Add(cacheTime).UnixNano()),
	}
}

// keep remembers the user of a token that get has known, for as long as the token is remembered. It
// returns the one that is remembered: of two requests at once, both get the same.
func (c *cache) keep(hash *[sha256.Size]byte, keys *keySet, user *User) *User {
	set := c.set(hash).Load()
	set.mu.Lock()
	defer set.mu.Unlock()
	i := set.findLocked(hash, keys)
	switch {
	case i < 0: // it had to make room meanwhile
		return user
	case set.users[i] == nil:
		set.users[i] = user
	}
	return set.users[i]
}

// findLocked is the place of a token that these keys have verified, or -1.
func (s *cacheSet) findLocked(hash *[sha256.Size]byte, keys *keySet) int {
	if s.keys != keys {
		return -1
	}
	mark := binary.LittleEndian.Uint16(hash[markAt:])
	for i, m := range s.marks {
		if m == mark && s.tokens[i].notAfter != 0 && s.tokens[i].hash == *hash {
			return i
		}
	}
	return -1
}

// oldestLocked is an empty place or, if there is none, that of the oldest token.
func (s *cacheSet) oldestLocked() (oldest int) {
	for i := range s.tokens {
		if s.tokens[i].stored < s.tokens[oldest].stored {
			oldest = i
		}
	}
	return oldest // an empty one was stored at zero
}
