package auth

import (
	"crypto/sha256"
	"encoding/binary"
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
)

// cache remembers verified tokens, so that a returning visitor costs a hash and not a signature
// check. It is a fixed table without locks: a token has cacheWays places, by its hash, and when all
// are taken the one that was filled first gives way. A lost entry costs one signature check and
// nothing else. Only tokens that passed every check get in, so nobody can fill it with junk.
type cache struct {
	slots [cacheSize]atomic.Pointer[cached]
}

// cached is one verified token. It never changes.
type cached struct {
	hash     [sha256.Size]byte
	keys     *keySet // what verified it
	user     *User
	stored   int64 // Unix nanoseconds
	notAfter int64
}

// ways are the places of a token.
func (c *cache) ways(hash *[sha256.Size]byte) []atomic.Pointer[cached] {
	set := binary.LittleEndian.Uint64(hash[:]) % (cacheSize / cacheWays)
	return c.slots[set*cacheWays:][:cacheWays]
}

// get returns the user of a remembered token if the token is still good by the clock and was
// verified by these very keys. A clock that was set back is a miss as well.
func (c *cache) get(hash *[sha256.Size]byte, keys *keySet, now time.Time) *User {
	set := binary.LittleEndian.Uint64(hash[:]) % (cacheSize / cacheWays) // as ways does
	for i := set * cacheWays; i < (set+1)*cacheWays; i++ {
		entry := c.slots[i].Load()
		if entry == nil || entry.hash != *hash || entry.keys != keys {
			continue
		}
		if at := now.UnixNano(); at >= entry.stored && at < entry.notAfter {
			return entry.user
		}
	}
	return nil
}

// put remembers a token until notAfter, and for cacheTime at most. Two requests that put at once
// may take the same place; the one that loses it is verified again.
func (c *cache) put(hash *[sha256.Size]byte, keys *keySet, user *User, now, notAfter time.Time) {
	entry := &cached{hash: *hash, keys: keys, user: user, stored: now.UnixNano()}
	entry.notAfter = min(notAfter.UnixNano(), now.Add(cacheTime).UnixNano())
	// The token's own place, if it has one, else an empty one, else that of the oldest.
	ways := c.ways(hash)
	oldest := &ways[0]
	for i := range ways {
		old := ways[i].Load()
		if old == nil || old.hash == *hash {
			oldest = &ways[i]
			break
		}
		if first := oldest.Load(); first != nil && old.stored < first.stored {
			oldest = &ways[i]
		}
	}
	oldest.Store(entry)
}
