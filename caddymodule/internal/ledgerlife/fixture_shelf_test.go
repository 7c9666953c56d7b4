package ledgerlife_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgerlife"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

// shelf is where a test's stores come from. It says what was done with them.
type shelf struct {
	t    testing.TB
	key  string
	next *memorystore.Store // what the next Open finds: a file outlives who opens it
	away func(error) bool

	mu     sync.Mutex
	fails  error         // of Open
	hold   chan struct{} // if there is one, Open waits for it
	served []string      // by whom Serves was told, in order
	opened []bool        // whether each Open was one of a store that this process had open before
	now    *store        // the store that is open
}

// store is one that is not lost when it is closed, and that may break.
type store struct {
	*memorystore.Store
	shelf *shelf

	mu     sync.Mutex
	broken error
	closed int
}

var errLocked = errors.New("locked")

func newShelf(t testing.TB) *shelf {
	return &shelf{t: t, key: t.Name(), next: memorystore.New(nil)}
}

func (s *shelf) source() ledgerlife.Source {
	return ledgerlife.Source{
		Key: func() string { return s.key }, Open: s.open, Away: s.away,
	}
}

func (s *shelf) open(again bool) (ledger.Store, error) {
	s.mu.Lock()
	s.opened = append(s.opened, again)
	fails, hold := s.fails, s.hold
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if fails != nil {
		return nil, fails
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		return nil, errLocked // as a file would be
	}
	s.now = &store{Store: s.next, shelf: s}
	return s.now, nil
}

// fail lets Open fail from now on, or not.
func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

// wait lets Open wait until the returned function is called.
func (s *shelf) wait() (goOn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := make(chan struct{})
	s.hold = hold
	return func() { close(hold) }
}

// opens checks how often Open was called.
func (s *shelf) opens(want int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.opened) != want {
		s.t.Errorf("the store was opened %d times, want %d", len(s.opened), want)
	}
}

// isOpen checks whether a store is open, for those who hold it.
func (s *shelf) isOpen(want bool) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if (s.now != nil) != want {
		s.t.Errorf("the store is open: %t, want %t", s.now != nil, want)
	}
}

// breaks makes the open store one that writes nothing any more.
func (s *shelf) breaks(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.mu.Lock()
	defer s.now.mu.Unlock()
	s.now.broken = err
}

func (s *store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func (s *store) Close() error {
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	if s.closed++; s.closed > 1 {
		s.shelf.t.Error("a store was closed twice")
	}
	s.shelf.now = nil
	return nil
}

// holder is a configuration's handle, and what it was told.
type holder struct {
	*ledgerlife.Handle
	t testing.TB

	mu    sync.Mutex
	heard []error
}

// isOf checks who was told that the store is theirs, in order.
func (s *shelf) isOf(want ...string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.served, want) {
		s.t.Errorf("the store was that of %q, want %q", s.served, want)
	}
}

// names makes a handle of a configuration with a name.
func (s *shelf) names(name string) *holder {
	source := s.source()
	source.Serves = func(ledger.Store) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.served = append(s.served, name)
	}
	return s.over(source, secret)
}

// configure makes a handle over a shelf, with secrets.
func (s *shelf) configure(secrets ...string) *holder {
	s.t.Helper()
	return s.over(s.source(), secrets...)
}

// over makes a handle over a source.
func (s *shelf) over(source ledgerlife.Source, secrets ...string) *holder {
	s.t.Helper()
	var texts [][]byte
	for _, secret := range secrets {
		texts = append(texts, []byte(secret))
	}
	made, err := ledger.NewSecrets(texts...)
	if err != nil {
		s.t.Fatal(err)
	}
	h := &holder{t: s.t}
	h.Handle = ledgerlife.New(ledgerlife.Config{
		Source: source, Ledger: ledger.Config{Secrets: made}, Changed: h.hear,
	})
	s.t.Cleanup(func() { _ = h.Close() })
	return h
}

func (h *holder) hear(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, err)
}

// told checks what the configuration heard so far. A nil is a ledger that was opened.
func (h *holder) told(want ...error) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.heard) != len(want) {
		h.t.Fatalf("told %v, want %v", h.heard, want)
	}
	for i, err := range h.heard {
		if !errors.Is(err, want[i]) {
			h.t.Errorf("told %v, want %v", h.heard, want)
		}
	}
}

// opens has the handle open its ledger, which must work.
func (h *holder) opens() {
	h.t.Helper()
	if err := h.Open(); err != nil {
		h.t.Fatal(err)
	}
}

// shares takes the store, which must be open already.
func (h *holder) shares() {
	h.t.Helper()
	if err := h.Share(); err != nil || !h.IsOpen() {
		h.t.Fatalf("shared: %v, open: %t", err, h.IsOpen())
	}
}

// works checks that the ledger answers.
func (h *holder) works() {
	h.t.Helper()
	l, err := h.Get()
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := l.Facts(h.t.Context(), "anybody", ""); err != nil {
		h.t.Error(err)
	}
}

// failsWith checks that there is no ledger, and why.
func (h *holder) failsWith(want error) {
	h.t.Helper()
	if l, err := h.Get(); l != nil || !errors.Is(err, want) {
		h.t.Errorf("got %v, %v; want %v", l, err, want)
	}
	if h.IsOpen() {
		h.t.Error("it is open")
	}
}
