package caddymodule

import (
	"context"
	"errors"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgerlife"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

// PoolsInUse counts what configurations hold beyond their own life, for tests that look for leaks.
func PoolsInUse() (n int) {
	for _, pool := range []*caddy.UsagePool{memoryCaches, redisCaches, states, remoteKeys} {
		pool.Range(func(_, _ any) bool { n++; return true })
	}
	ledgerlife.Each(func(ledger.Store) { n++ })
	return n
}

// LiveApps counts the apps that the admin API could ask.
func LiveApps() int {
	liveApps.mu.Lock()
	defer liveApps.mu.Unlock()
	return len(liveApps.list)
}

// Stumbles are the next operations of the stumbling cache and ledger that fail.
var Stumbles stumbles

type stumbles struct {
	mu   sync.Mutex
	left map[string]int // by operation
	took map[string]int
}

// Count is how many calls of an operation there were since it was asked last.
func (s *stumbles) Count(op string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = s.took[op]
	delete(s.took, op)
	return n
}

// Set says how many calls of which operations fail from now on.
func (s *stumbles) Set(left map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = left
}

// Next is the error of the next call of an operation, or nil.
func (s *stumbles) Next(op string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.took == nil {
		s.took = make(map[string]int)
	}
	s.took[op]++
	if s.left[op] == 0 {
		return nil
	}
	s.left[op]--
	return errors.New(op + ": timeout")
}

// stumblingLedger is a ledger in memory that fails as often as it is told.
type stumblingLedger struct{ MemoryLedger }

func init() { caddy.RegisterModule(new(stumblingLedger)) }

func (*stumblingLedger) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "checkout.ledgers.stumbling",
		New: func() caddy.Module { return new(stumblingLedger) },
	}
}

func (*stumblingLedger) source(*zap.Logger) (ledgerlife.Source, error) {
	return ledgerlife.Source{
		Key: func() string { return "stumbling" },
		Open: func(bool) (ledger.Store, error) {
			return stumblingStore{memorystore.New(nil)}, nil
		},
	}, nil
}

type stumblingStore struct{ *memorystore.Store }

func (s stumblingStore) Read(ctx context.Context, keys ...ledger.Key) ([]ledger.Doc, error) {
	if err := Stumbles.Next("read"); err != nil {
		return nil, err
	}
	return s.Store.Read(ctx, keys...)
}

func (s stumblingStore) Do(ctx context.Context, take func(ledger.Steps) error) error {
	if Stumbles.Next("do, panic") != nil {
		panic("a fault of the ledger")
	}
	if err := Stumbles.Next("do"); err != nil {
		return err
	}
	if err := s.Store.Do(ctx, take); err != nil {
		return err
	}
	return Stumbles.Next("do, done")
}
