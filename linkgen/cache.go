package linkgen

import (
	"context"
	"time"
)

// Cache keeps links and remembers small facts. Implementations are safe for concurrent use, and still answer (with
// misses or errors, never a panic) after they were closed. An error means "go on as if nothing were there".
type Cache interface {
	// Get looks a link up. Found is false when there is none, when it is too old (Entry.Until), or when its subscriber was forgotten since.
	Get(ctx context.Context, k Key) (Lookup, error)
	// Set keeps a link until e.Until under the generation that Get returned before the link was made: when the
	// subscriber was forgotten in between, the link is dead from the start.
	Set(ctx context.Context, k Key, g Generation, e Entry) error
	// Forget makes every link of the subscriber dead at once, in constant time, also those being made.
	Forget(ctx context.Context, s Subject) error
	// Once reports whether this is the first call with key within ttl; Seen reports whether there was one.
	Once(ctx context.Context, key string, ttl time.Duration) (first bool, err error)
	Seen(ctx context.Context, key string) (seen bool, err error)
	// Remember keeps a small value under key for ttl; Recall returns it.
	Remember(ctx context.Context, key, value string, ttl time.Duration) error
	Recall(ctx context.Context, key string) (value string, found bool, err error)
}

// Key names a link in a cache. It holds nothing in clear.
type Key struct {
	Subject Subject  // whose link; all links of a subscriber are forgotten together
	Order   [32]byte // HMAC over everything that the order asks for
}

// Generation is a subscriber's generation as a cache saw it. Two are equal if he was not forgotten in between. It means
// nothing outside the cache that gave it; the empty one means that the cache does not know, and nothing is kept under it.
type Generation string

// Lookup is the answer of Cache.Get.
type Lookup struct {
	Entry      Entry
	Found      bool
	Generation Generation
}

// Entry is a cached link.
type Entry struct {
	URL   string
	Made  time.Time // when the API call began
	Until time.Time // when it must not be given out any more: at most Made plus one hour
}
