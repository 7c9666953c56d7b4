package rediscache

import (
	"context"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redisclient"
)

// TakeTurn takes one of events per duration, counted for all nodes together, that is there at most
// patience from now, and tells when; or takes none, and tells how long that would have been. A
// negative patience leaves so much of the rate unused, and what is told is in how long that may be
// so. What is refused costs nothing. The clock is that of Redis. One round trip.
//
// The count is redis_rate's GCRA. That one refuses what is not there now; a turn that is there in a
// while is one of a larger burst, so patience is added to the burst. The rate is counted in parts
// of about a millisecond, since redis_rate knows whole events only.
func (c *Cache) TakeTurn(
	ctx context.Context, name string, events int, per, patience time.Duration,
) (wait time.Duration, ok bool, err error) {
	limit, parts := pace(events, per)
	every := max(per/time.Duration(events), 1)
	limit.Burst += int(float64(patience) / float64(every) * float64(parts))
	err = c.client.Do(ctx, "rate", func(ctx context.Context) error {
		r, err := c.allow(ctx, name, limit, parts)
		if err != nil {
			return err
		}
		// ResetAfter is how long until the whole rate is there again, with this turn or without it.
		if ok = r.Allowed > 0; ok {
			wait = max(r.ResetAfter-per, 0)
		} else {
			wait = max(r.ResetAfter-per+every-min(patience, 0), 0)
		}
		if ok && wait > max(patience, 0)+every {
			return redisclient.ErrProtocol // so late a turn was not asked for
		}
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	return wait, ok, nil
}

// GiveTurnBack returns a turn that was taken and is not used. If the rate is nearly unused, it may
// return less than that.
func (c *Cache) GiveTurnBack(
	ctx context.Context, name string, events int, per time.Duration,
) error {
	limit, parts := pace(events, per)
	limit.Burst *= 1000 // whatever was taken ahead of time
	return c.client.Do(ctx, "rate", func(ctx context.Context) error {
		_, err := c.allow(ctx, name, limit, -parts)
		return err
	})
}

// pace is a rate in parts of an event, and how many parts an event has.
func pace(events int, per time.Duration) (limit redis_rate.Limit, parts int) {
	parts = int(max(per/time.Duration(events)/time.Millisecond, 1))
	return redis_rate.Limit{Rate: events * parts, Burst: events * parts, Period: per}, parts
}

// allow asks redis_rate, which panics at an answer of another shape than its script's.
func (c *Cache) allow(
	ctx context.Context, name string, limit redis_rate.Limit, parts int,
) (r *redis_rate.Result, err error) {
	defer func() {
		if recover() != nil {
			err = redisclient.ErrProtocol
		}
	}()
	limiter := redis_rate.NewLimiter(scripts{c.client.Redis})
	return limiter.AllowN(ctx, c.factName("rate", name), limit, parts)
}

// scripts runs redis_rate's script under the name that it was given. redis_rate puts "rate:" before
// every key, where the ACL of a user who may touch keys with our prefix ends.
type scripts struct{ redis.UniversalClient }

func (s scripts) EvalSha(
	ctx context.Context, sha string, keys []string, args ...any,
) *redis.Cmd {
	return s.UniversalClient.EvalSha(ctx, sha, ours(keys), args...)
}

func (s scripts) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return s.UniversalClient.Eval(ctx, script, ours(keys), args...)
}

// ours are the keys without the prefix of redis_rate.
func ours(keys []string) []string {
	const theirs = len("rate:")
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = key[theirs:]
	}
	return out
}
