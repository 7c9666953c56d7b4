package redisstore

import (
	"context"
	_ "embed" // the script
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/ledger"
)

// longestPause is about the time in which a few others have read and written.
const longestPause = 5 * time.Millisecond

//go:embed swap.lua
var swapSource string

// swap replaces a document if it still is what it was.
var swap = redis.NewScript(swapSource)

// Change replaces a document, see ledger.Steps. Where others keep being faster it gives up after
// the time of a step.
func (t *steps) Change(key ledger.Key, change func(ledger.Doc) (ledger.Doc, error)) error {
	s, name := t.store, t.store.name(docs, key)
	deadline := time.Now().Add(s.steps.Timeout())
	var stored string
	var old ledger.Doc
	err := t.run("change", func(ctx context.Context) error {
		found, err := fetch(ctx, s.steps.Redis, []string{name})
		if err != nil {
			return err
		}
		stored = found[0]
		old, err = s.decode(stored)
		return err
	})
	// done is true once the document is what change made of it.
	for done := false; err == nil && !done; {
		// Outside of run, so that a panic in it is the caller's.
		doc, refused := change(old)
		if refused != nil {
			return refused
		}
		err = t.run("change", func(ctx context.Context) error {
			next, err := s.encode(doc)
			if err != nil || next == stored {
				done = true // the same value writes nothing
				return err
			}
			// Where somebody else was faster, what they have written comes back with the answer.
			stored, done, err = s.swap(ctx, name, stored, next)
			if err != nil || done {
				return err
			}
			if old, err = s.decode(stored); err != nil {
				return err
			}
			return pause(ctx, deadline)
		})
	}
	return err
}

// swap runs the script. Where somebody else was faster it returns what they have written.
func (s *Store) swap(
	ctx context.Context, name, old, next string,
) (newer string, swapped bool, err error) {
	answer, err := swap.Run(ctx, s.steps.Redis, []string{name}, old, next, s.life(next)).Slice()
	if err != nil {
		return "", false, err
	}
	if len(answer) == 2 {
		newer, isText := answer[1].(string)
		switch {
		case answer[0] == int64(1):
			return "", true, nil
		case answer[0] == int64(0) && isText:
			return newer, false, nil
		}
	}
	return "", false, &redisclient.Error{Op: "change", Kind: redisclient.KindProtocol}
}

// pause lets others finish, for a random time: those that lost together do not try together again.
func pause(ctx context.Context, deadline time.Time) error {
	if time.Now().After(deadline) {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(rand.N(longestPause))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
