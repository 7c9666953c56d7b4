package linkgen

import (
	"context"
	"time"
)

// Cache keeps links. Implementations are safe for concurrent use, and still answer (with misses or
// errors, never a panic) after they were closed. An error means "go on as if nothing were there".
type Cache interface {
	// Get looks a link up. Found is false when there is none, when it is too old (Entry.Until), or
	// when its subscriber was forgotten since.
	Get(ctx context.Context, k Key) (Lookup, error)
	// Set keeps a link until e.Until under the epoch that Get returned before the link was made:
	// when the subscriber was forgotten in between, the link is dead from the start.
	Set(ctx context.Context, k Key, in Epoch, e Entry) error
	// Forget makes every link of the subscriber dead at once, in constant time, also those that are
	// being made.
	Forget(ctx context.Context, s SubscriberHash) error
}

// Key names a link in a cache. It holds nothing in clear.
type Key struct {
	Subscriber SubscriberHash // whose link; all links of a subscriber are forgotten together
	Order      [32]byte       // HMAC over everything that the order asks for
}

// Epoch is the time between two forgettings of one subscriber, as a cache counts it: a link is
// alive in the epoch that it was made in. It means nothing outside the cache that gave it. The
// empty one means that the cache does not know, and nothing is kept under it.
type Epoch string

// Lookup is the answer of Cache.Get.
type Lookup struct {
	Entry Entry
	Found bool
	// Epoch is the subscriber's present one, whether a link was found or not: the one to call Set
	// with for a link that is made now.
	Epoch Epoch
}

// Entry is a cached link.
type Entry struct {
	URL   string
	Made  time.Time // when the API call began
	Until time.Time // when it must not be given out any more: at most Made plus one hour
}
