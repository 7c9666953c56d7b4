package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/ledger"
)

const (
	// scanPage is about how many keys of any kind a server looks at for one page. It does nothing
	// else meanwhile, for less than a millisecond.
	scanPage = 1000
	// scanRead is how many documents are read at once: 64 KiB each at most.
	scanRead = 128
)

// Scan visits all documents of a kind, one after the other. It looks at every key of the Redis, so
// its time grows with the cache beside it too.
//
// What stands there from the beginning to the end is visited, maybe more than once. Where that
// cannot be said, because a server was replaced or slots of a cluster moved meanwhile, Scan is an
// error, never a part without one.
func (s *Store) Scan(
	ctx context.Context, kind ledger.Kind, visit func(id string, doc ledger.Doc) error,
) error {
	stem := s.stem(docs, kind)
	return s.scan(ctx, stem, func(names []string) error {
		var found []string
		err := s.steps.Insist(ctx, "scan", func(ctx context.Context) (err error) {
			found, err = fetch(ctx, s.steps.Redis, names)
			return err
		})
		if err != nil {
			return err
		}
		for i, name := range names {
			doc, err := s.decode(found[i])
			if err != nil {
				return redisclient.Wrap("scan", err)
			}
			if doc.Value == nil {
				continue // deleted or over meanwhile
			}
			id, _ := id(name, stem)
			if err := visit(id, doc); err != nil {
				return err
			}
		}
		return nil
	})
}

// ScanRows visits all rows of a kind, as Scan does documents.
func (s *Store) ScanRows(
	ctx context.Context, kind ledger.Kind, visit func(id string, row map[string]int64) error,
) error {
	stem := s.stem(rows, kind)
	return s.scan(ctx, stem, func(names []string) error {
		var found []map[string]int64
		err := s.steps.Insist(ctx, "scan", func(ctx context.Context) (err error) {
			found, err = fetchRows(ctx, s.steps.Redis, names)
			return err
		})
		if err != nil {
			return err
		}
		for i, name := range names {
			if len(found[i]) == 0 {
				continue
			}
			id, _ := id(name, stem)
			if err := visit(id, found[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// scan calls read with all names that begin with stem, some at a time.
func (s *Store) scan(ctx context.Context, stem string, read func(names []string) error) error {
	masters, before, err := s.masters(ctx)
	if err != nil {
		return err
	}
	// One after the other: visit is never called by two at once.
	for _, master := range masters {
		if err := s.scanMaster(ctx, master, stem, read); err != nil {
			return err
		}
	}
	_, after, err := s.masters(ctx)
	if err == nil && before != after {
		// Keys may have moved from a node not yet scanned to one that was.
		err = &redisclient.Error{Op: "scan", Kind: redisclient.KindCluster}
	}
	return err
}

// scanMaster scans one server, all its keys, on a single connection: the cursor means something to this process
// alone, and a connection ends with it. A server that took its place would read the cursor in
// another order and leave keys out.
func (s *Store) scanMaster(
	ctx context.Context, master *redis.Client, stem string, read func(names []string) error,
) (err error) {
	conn := master.Conn()
	defer func() {
		// An error of visit is handed back as it is.
		if closing := conn.Close(); err == nil {
			err = redisclient.Wrap("scan", closing)
		}
	}()
	var cursor uint64
	for {
		var names []string
		err := s.steps.Insist(ctx, "scan", func(ctx context.Context) (err error) {
			asked := cursor
			names, cursor, err = conn.Scan(ctx, asked, pattern(stem), scanPage).Result()
			if err == nil && asked != 0 && cursor == asked {
				return &redisclient.Error{Op: "scan", Kind: redisclient.KindProtocol} // no way on
			}
			return err
		})
		if err != nil {
			return err
		}
		names = slices.DeleteFunc(names, func(name string) bool {
			_, ours := id(name, stem)
			return !ours
		})
		for part := range slices.Chunk(names, scanRead) {
			if err := read(part); err != nil {
				return err
			}
		}
		if cursor == 0 {
			return nil
		}
	}
}

// masters are the servers that together hold everything, and which slots each of them holds.
func (s *Store) masters(ctx context.Context) (all []*redis.Client, slots string, err error) {
	switch client := s.steps.Redis.(type) {
	case *redis.ClusterClient:
		err = s.steps.Insist(ctx, "scan", func(ctx context.Context) error {
			all, slots, err = clusterMasters(ctx, client)
			return err
		})
		return all, slots, err
	case *redis.Client:
		return []*redis.Client{client}, "", nil
	}
	return nil, "", &redisclient.Error{Op: "scan", Kind: redisclient.KindOther}
}

// clusterMasters asks the cluster which masters there are.
func clusterMasters(
	ctx context.Context, client *redis.ClusterClient,
) (all []*redis.Client, slots string, err error) {
	// CLUSTER SHARDS, which took its place, is unknown before Redis 7. go-redis asks for slots,
	// too, so it needs no further right.
	ranges, err := client.ClusterSlots(ctx).Result() //nolint:staticcheck // see above
	if err != nil {
		return nil, "", err
	}
	var mu sync.Mutex
	err = client.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, node)
		return nil
	})
	var said []string
	for _, r := range ranges {
		said = append(said, fmt.Sprint(r.Start, r.End, r.Nodes[:min(1, len(r.Nodes))]))
	}
	slices.Sort(said)
	return all, strings.Join(said, "\n"), err
}
