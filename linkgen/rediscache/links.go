package rediscache

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/linkgen"
)

const (
	// maxLife is the longest that a link is kept: Zotlo's links live for an hour.
	maxLife = time.Hour
	// epochLife is longer than the life of any link made under an epoch. Set prolongs it, so that
	// the epoch of a subscriber who keeps coming back does not end in the middle of a link's life.
	epochLife = 2 * maxLife
)

// Get reads the subscriber's epoch and the link in one round trip. Where there is no epoch it makes
// one, in a second, so that the Set that follows has one to write under.
func (c *Cache) Get(ctx context.Context, k linkgen.Key) (linkgen.Lookup, error) {
	n := c.names(k)
	var found linkgen.Lookup
	var corrupt error
	err := c.client.Do(ctx, "get", func(ctx context.Context) (err error) {
		epoch, value, err := c.readLink(ctx, n)
		if err != nil {
			return err
		}
		if len(epoch) != epochSize {
			found.Epoch, err = c.makeEpoch(ctx, n.epoch, epoch != "")
			return err
		}
		found.Epoch = linkgen.Epoch(epoch)
		if value == "" {
			return nil
		}
		v, err := c.open(n.link, value)
		if err != nil {
			corrupt = err
			c.client.Redis.Del(ctx, n.link) // of no use to anybody; if this fails, its time to live ends it
			return nil
		}
		found.Entry, found.Found = c.entry(v, found.Epoch)
		return nil
	})
	if err != nil {
		return linkgen.Lookup{}, err
	}
	return found, redisclient.Wrap("get", corrupt)
}

// entry reports whether a link may be given out.
func (c *Cache) entry(v sealed, current linkgen.Epoch) (linkgen.Entry, bool) {
	now := c.now()
	// The comparison takes the same time wherever the epochs differ.
	same := subtle.ConstantTimeCompare([]byte(v.epoch), []byte(current)) == 1
	if !same || !now.Before(v.until) || v.until.Sub(now) > maxLife {
		return linkgen.Entry{}, false
	}
	return linkgen.Entry{URL: v.text, Made: v.made, Until: v.until}, true
}

// readLink returns the epoch and the sealed link, each empty when there is none. What has the wrong
// type or is too long comes back as something that cannot be right. GETRANGE, because GET would
// carry whatever size somebody has put there.
func (c *Cache) readLink(ctx context.Context, n names) (epoch, value string, err error) {
	pipe := c.client.Redis.Pipeline()
	g := pipe.GetRange(ctx, n.epoch, 0, epochSize)
	v := pipe.GetRange(ctx, n.link, 0, maxSealed)
	_, _ = pipe.Exec(ctx) // each command has its own error
	if epoch, err = text(g); err != nil {
		return "", "", err
	}
	if value, err = text(v); err != nil {
		return "", "", err
	}
	return epoch, value, nil
}

// wrongType stands for a value of another type: never an epoch and never a seal.
const wrongType = "\x00wrong type"

// text is the value of a command, or wrongType.
func text(cmd *redis.StringCmd) (string, error) {
	value, err := cmd.Result()
	if err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE") {
		return wrongType, nil
	}
	return value, err
}

// makeEpoch writes a new epoch and reads what is there: another node may have been quicker. What is
// there but cannot be an epoch is replaced. It returns none if the subscriber is being forgotten at
// this very moment. A server that answers something else again is none that could keep a link.
func (c *Cache) makeEpoch(ctx context.Context, name string, replace bool) (linkgen.Epoch, error) {
	pipe := c.client.Redis.Pipeline()
	if replace {
		pipe.Del(ctx, name)
	}
	pipe.SetNX(ctx, name, newEpoch(), epochLife)
	read := pipe.GetRange(ctx, name, 0, epochSize)
	if _, err := pipe.Exec(ctx); err != nil {
		return "", err
	}
	switch epoch := read.Val(); len(epoch) {
	case epochSize:
		return linkgen.Epoch(epoch), nil
	case 0:
		return "", nil
	}
	return "", redisclient.ErrCorrupt
}

// newEpoch is 128 random bits, as raw bytes.
func newEpoch() string {
	b := make([]byte, epochSize)
	rand.Read(b) // never fails
	return string(b)
}

// Set keeps a link until e.Until, at most for an hour. Without an epoch, or with that of another
// cache, it does nothing: a link that cannot be forgotten must not be kept. It never makes an
// epoch, so a link made under one that is gone is dead from the start.
func (c *Cache) Set(ctx context.Context, k linkgen.Key, g linkgen.Epoch, e linkgen.Entry) error {
	// What goes beyond an hour is cut off: Zotlo's links live no longer.
	life := min(e.Until.Sub(c.now()), maxLife)
	if len(g) != epochSize || life <= 0 {
		return nil
	}
	if len(e.URL) > maxText {
		return redisclient.Wrap("set", redisclient.ErrTooLong)
	}
	n := c.names(k)
	value, err := c.seal(n.link, sealed{made: e.Made, until: e.Until, epoch: g, text: e.URL})
	if err != nil {
		return redisclient.Wrap("set", err)
	}
	return c.client.Do(ctx, "set", func(ctx context.Context) error {
		pipe := c.client.Redis.Pipeline()
		pipe.Set(ctx, n.link, value, life)
		// A link never outlives its epoch: the epoch's time to live begins again.
		pipe.PExpire(ctx, n.epoch, epochLife)
		_, err := pipe.Exec(ctx)
		return err
	})
}

// Forget deletes the subscriber's epoch, and with it all their links are dead; the next Get makes
// another. Deleting works in a Redis that is full, too. Forget tries even while the breaker is
// open: a payment is rare and matters more than the time that is lost. An error means that links
// may still be alive, and that it should be tried again.
func (c *Cache) Forget(ctx context.Context, s linkgen.SubscriberHash) error {
	return c.client.Insist(ctx, "forget", func(ctx context.Context) error {
		return c.client.Redis.Del(ctx, c.epochName(s)).Err()
	})
}
