package redisstore

import (
	"context"
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/ledger"
)

const (
	// format is the first byte of a stored document. One with another does not open.
	format = 1
	// header is the format and the hour in which the document ends, four bytes, zero for never.
	header = 5
	// maxStored is the longest stored document, in bytes.
	maxStored = header + ledger.MaxValue
	// grace is how long Redis keeps what has ended. Whether a document has ended is decided by the
	// clock of its reader; a node whose clock is a little behind still sees what it may see.
	grace = time.Hour
)

// Read reads documents in one round trip; in a cluster one to each node, at once.
func (s *Store) Read(ctx context.Context, keys ...ledger.Key) (found []ledger.Doc, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	err = s.clicks.Do(ctx, "read", func(ctx context.Context) (err error) {
		found, err = s.read(ctx, s.clicks.Redis, keys)
		return err
	})
	return found, err
}

// read is Read on a client of the caller's choice.
func (s *Store) read(
	ctx context.Context, client redis.UniversalClient, keys []ledger.Key,
) ([]ledger.Doc, error) {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = s.name(docs, key)
	}
	stored, err := fetch(ctx, client, names)
	if err != nil {
		return nil, err
	}
	found := make([]ledger.Doc, len(keys))
	for i, value := range stored {
		if found[i], err = s.decode(value); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// fetch reads what is stored under names, "" where there is nothing. GETRANGE, because GET would
// carry whatever size somebody has put there.
func fetch(
	ctx context.Context, client redis.UniversalClient, names []string,
) ([]string, error) {
	pipe := client.Pipeline()
	gets := make([]*redis.StringCmd, len(names))
	for i, name := range names {
		gets[i] = pipe.GetRange(ctx, name, 0, maxStored)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	stored := make([]string, len(names))
	for i, get := range gets {
		var err error // in a cluster Exec may leave it to the command
		if stored[i], err = get.Result(); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// encode is what is stored of a document: "" for one that is not there, or whose time is over. The
// hour is rounded up, so that nothing ends early.
func (s *Store) encode(doc ledger.Doc) (string, error) {
	switch {
	case len(doc.Value) == 0, over(doc.Until, s.now()):
		return "", nil
	case len(doc.Value) > ledger.MaxValue:
		return "", redisclient.ErrTooLong
	}
	var hour uint32
	if !doc.Until.IsZero() {
		seconds := doc.Until.Add(time.Hour - time.Nanosecond).Unix()
		// After year 491,936 documents end together. One that ends before 1970 is over above.
		hour = uint32(min(max(seconds/3600, 1), math.MaxUint32))
	}
	b := make([]byte, header, header+len(doc.Value))
	b[0] = format
	binary.BigEndian.PutUint32(b[1:], hour)
	return string(append(b, doc.Value...)), nil
}

// decode is the other way. It trusts nothing that it reads, and what it returns is the caller's.
func (s *Store) decode(stored string) (ledger.Doc, error) {
	if stored == "" {
		return ledger.Doc{}, nil
	}
	if len(stored) <= header || len(stored) > maxStored || stored[0] != format {
		return ledger.Doc{}, redisclient.ErrCorrupt
	}
	var until time.Time
	if hour := binary.BigEndian.Uint32([]byte(stored[1:header])); hour != 0 {
		until = time.Unix(int64(hour)*3600, 0).UTC()
	}
	if over(until, s.now()) {
		return ledger.Doc{}, nil
	}
	return ledger.Doc{Value: []byte(stored[header:]), Until: until}, nil
}

// over reports whether a document that ends at until has ended.
func over(until, now time.Time) bool { return !until.IsZero() && !now.Before(until) }

// life is after how many milliseconds Redis may drop a document: "0" for never. It is counted from
// now and not given as an instant, so that a server whose clock is wrong drops nothing early.
func (s *Store) life(stored string) string {
	if stored == "" {
		return "0"
	}
	hour := binary.BigEndian.Uint32([]byte(stored[1:header]))
	if hour == 0 {
		return "0"
	}
	seconds := int64(hour)*3600 - s.now().Unix()
	return strconv.FormatInt((seconds+int64(grace/time.Second))*1000, 10)
}
