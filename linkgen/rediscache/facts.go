package rediscache

import (
	"context"
	"time"

	"github.com/caddy-checkout/checkout/internal/redisclient"
)

// Once reports whether this is the first call with key within ttl, in the whole fleet. With an
// error it reports true: to do something twice is better than never.
func (c *Cache) Once(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if ttl <= 0 {
		return true, nil
	}
	// Where Redis does not answer, this call counts as the first.
	first := true
	err := c.client.Do(ctx, "once", func(ctx context.Context) (err error) {
		first, err = c.client.Redis.SetNX(ctx, c.factName("once", key), "1", ttl).Result()
		return err
	})
	return first || err != nil, err
}

// Remember keeps a value of at most 4 KiB under key for ttl, sealed. A value without time to live
// is not kept.
func (c *Cache) Remember(ctx context.Context, key, value string, ttl time.Duration) error {
	if ttl <= 0 {
		return nil
	}
	if len(value) > maxText {
		return redisclient.Wrap("remember", redisclient.ErrTooLong)
	}
	// The instants are in the seal, so that nobody who can write to Redis can prolong a value.
	name, now := c.factName("fact", key), c.now()
	seal, err := c.seal(name, sealed{made: now, until: now.Add(ttl), text: value})
	if err != nil {
		return redisclient.Wrap("remember", err)
	}
	return c.client.Do(ctx, "remember", func(ctx context.Context) error {
		return c.client.Redis.Set(ctx, name, seal, ttl).Err()
	})
}

// Recall returns what was remembered under key. A value that does not open is not found, an error,
// and deleted.
func (c *Cache) Recall(ctx context.Context, key string) (value string, found bool, err error) {
	name := c.factName("fact", key)
	// corrupt is kept apart from err: Redis has answered, so for the breaker all went well.
	var corrupt error
	err = c.client.Do(ctx, "recall", func(ctx context.Context) error {
		seal, err := text(c.client.Redis.GetRange(ctx, name, 0, maxSealed))
		if err != nil || seal == "" {
			return err
		}
		v, err := c.open(name, seal)
		if err != nil {
			corrupt = err
			c.client.Redis.Del(ctx, name)
			return nil
		}
		if c.now().Before(v.until) {
			value, found = v.text, true
		}
		return nil
	})
	if err != nil {
		return "", false, err
	}
	return value, found, redisclient.Wrap("recall", corrupt)
}
