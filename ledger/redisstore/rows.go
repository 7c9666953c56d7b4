package redisstore

import (
	"context"
	"crypto/sha256"
	_ "embed" // the script
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/ledger"
)

const (
	// maxFields is how many fields a row may have. One that has more could not be read in one
	// reply.
	maxFields = 8000
	// onceLife is how long an Add is remembered, in seconds: a day more than what is promised, for
	// a server whose clock is set or that is replaced by another.
	onceLife = int64((ledger.OnceLife + 24*time.Hour) / time.Second)
)

// Rows reads rows in one round trip; in a cluster one to each node, at once.
func (s *Store) Rows(
	ctx context.Context, keys ...ledger.Key,
) (found []map[string]int64, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = s.name(rows, key)
	}
	err = s.clicks.Do(ctx, "rows", func(ctx context.Context) (err error) {
		found, err = fetchRows(ctx, s.clicks.Redis, names)
		return err
	})
	return found, err
}

// fetchRows reads the hashes under names, an empty map where there is nothing.
func fetchRows(
	ctx context.Context, client redis.UniversalClient, names []string,
) ([]map[string]int64, error) {
	pipe := client.Pipeline()
	gets := make([]*redis.MapStringStringCmd, len(names))
	for i, name := range names {
		gets[i] = pipe.HGetAll(ctx, name)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	found := make([]map[string]int64, len(names))
	for i, get := range gets {
		texts, err := get.Result() // in a cluster Exec may leave an error to the command
		if err != nil {
			return nil, err
		}
		if found[i], err = numbers(texts); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// numbers reads the fields of a row, without those that are zero.
func numbers(texts map[string]string) (map[string]int64, error) {
	row := make(map[string]int64, len(texts))
	for field, text := range texts {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, redisclient.ErrCorrupt
		}
		if n != 0 {
			row[field] = n
		}
	}
	return row, nil
}

//go:embed add.lua
var addSource string

// add adds to a row. A script, because the fields and the once must be written together.
var add = redis.NewScript(addSource)

// add runs the script.
func (s *Store) add(ctx context.Context, row ledger.Key, once string, deltas []ledger.Delta) error {
	args := make([]any, 0, 3+2*len(deltas))
	args = append(args, mark(once), onceLife, maxFields)
	for _, delta := range deltas {
		if delta.N != 0 {
			args = append(args, delta.Field, delta.N)
		}
	}
	if len(args) == 3 {
		return nil // nothing to add, and nothing to remember
	}
	keys := []string{s.name(rows, row), s.name(onces, row)}
	answer, err := add.Run(ctx, s.steps.Redis, keys, args...).Int()
	switch {
	case err != nil:
		return err
	case answer == 0, answer == 1:
		return nil
	case answer == 2:
		return redisclient.ErrTooLong
	}
	return &redisclient.Error{Op: "add", Kind: redisclient.KindProtocol}
}

// mark is what is kept of a once: 128 bits of a hash, because it may be any bytes and of any
// length. No once has no mark.
func mark(once string) string {
	if once == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(once))
	return string(sum[:16])
}
