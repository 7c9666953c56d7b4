// Package ledgerlife keeps a configuration's ledger open. A store outlives configurations: two of
// them that name the same one share it, so that nothing is closed between the old one and the new.
// A store that cannot be opened is tried again, and nothing is kept elsewhere meanwhile.
package ledgerlife

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
)

// retryEvery is the time between two tries to open a store.
const retryEvery = 10 * time.Second

// openTimeout bounds one try.
const openTimeout = 5 * time.Second

// ErrClosed is the answer of a configuration that is gone.
var ErrClosed = errors.New("the ledger's configuration is gone")

// Source is where a store comes from.
type Source struct {
	// Key names the store among those that are open in this process, however its address is
	// spelled. It is empty where that cannot be told before it is open: a file that is not there.
	Key func() string
	// Open opens the store. Again is set when this process had it open before, so that a file that
	// was taken away is missed instead of begun anew.
	Open func(again bool) (ledger.Store, error)
	// Alone says that no other process writes into the store.
	Alone bool
	// Serves is told of the store once the configuration serves: what that says of the store holds
	// from then on, also of one that another configuration opened. Optional.
	Serves func(ledger.Store)
	// Away reports whether an error only says that the store does not answer at the moment, so
	// that nothing is wrong with the configuration. Nil means that none does.
	Away func(error) bool
}

// Config configures a Handle.
type Config struct {
	Source Source
	Ledger ledger.Config
	// Changed is told when the ledger was opened (nil), or that it cannot be, and then only of an
	// error that it was not told of before.
	Changed func(err error)
	// Nearly is told once that the store has nearly reached its bound. Optional.
	Nearly func()
	// Opened is told of a store that was opened, or that is shared. Optional.
	Opened func(ledger.Store)
}

// Handle is a configuration's hold on its ledger. It is safe for concurrent use.
type Handle struct {
	cfg     Config
	current atomic.Pointer[held]
	nearly  sync.Once // it was told that the store is nearly full

	failed atomic.Pointer[error] // why it is not open, for those who do not wait for a try

	mu     sync.Mutex
	err    error     // why it is not open
	next   time.Time // of the next try
	opened bool      // it was open once
	begin  func(context.Context, *ledger.Ledger) error
	begun  bool // what is open knows it
	closed bool
	stop   chan struct{}
	done   chan struct{}
}

// held is a ledger over a store that others may share.
type held struct {
	*ledger.Ledger
	store *shared
}

// New makes a Handle that holds nothing yet.
func New(cfg Config) *Handle { return &Handle{cfg: cfg} }

// Share takes the store if it is open in this process. It opens nothing. The error is that of a
// ledger that cannot be read with these secrets; a store that does not answer is left for Open.
func (h *Handle) Share() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.current.Load() != nil {
		return nil
	}
	store := stores.take(h.cfg.Source.Key())
	if store == nil {
		return nil
	}
	if err := h.hold(store); err != nil && !h.Away(err) {
		return err
	}
	return nil
}

// Alone reports whether no other process writes into the ledger.
func (h *Handle) Alone() bool { return h.cfg.Source.Alone }

// Away reports whether an error of Open only says that the store does not answer at the moment.
func (h *Handle) Away(err error) bool {
	return h.cfg.Source.Away != nil && h.cfg.Source.Away(err)
}

// IsOpen reports whether the ledger is open. It opens nothing.
func (h *Handle) IsOpen() bool { return h.current.Load() != nil }

// Get is the ledger. Where it is not open, it is opened if a try is due; the error says why it is
// not. After the first try nobody waits for the next one of somebody else: a click goes on without
// the ledger.
func (h *Handle) Get() (*ledger.Ledger, error) {
	if held := h.current.Load(); held != nil {
		return held.Ledger, nil
	}
	if err := h.failed.Load(); err == nil {
		h.mu.Lock()
	} else if !h.mu.TryLock() {
		return nil, *err
	}
	defer h.mu.Unlock()
	return h.open(false)
}

// Open opens the ledger now.
func (h *Handle) Open() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.open(true)
	return err
}

// open tries to open the store, unless it was tried a moment ago. It is called under the lock.
func (h *Handle) open(now bool) (*ledger.Ledger, error) {
	if held := h.current.Load(); held != nil {
		return held.Ledger, nil
	}
	if h.closed {
		return nil, ErrClosed
	}
	if h.err != nil && !now && time.Now().Before(h.next) {
		return nil, h.err
	}
	store, err := stores.open(h.cfg.Source, h.opened)
	if err == nil {
		err = h.hold(store)
	}
	h.tell(err)
	if err != nil {
		h.next = time.Now().Add(retryEvery)
		return nil, err
	}
	return h.current.Load().Ledger, nil
}

// hold makes a ledger of a store, or gives the store back.
func (h *Handle) hold(store *shared) error {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	l, err := ledger.Open(ctx, store.Store, h.cfg.Ledger)
	if err != nil {
		return errors.Join(err, stores.giveBack(store))
	}
	h.opened, h.begun = true, false
	if h.cfg.Opened != nil {
		h.cfg.Opened(store.Store)
	}
	h.tellBegin(l)
	h.current.Store(&held{l, store})
	h.tellServes()
	return nil
}

// tellServes tells what holds for the store, unless the configuration may still be refused.
func (h *Handle) tellServes() {
	if held := h.current.Load(); held != nil && h.stop != nil && h.cfg.Source.Serves != nil {
		h.cfg.Source.Serves(held.store.Store)
	}
}

// Begin has begin told to the ledger that is open, and to each that is opened later. What fails is
// tried again.
func (h *Handle) Begin(begin func(context.Context, *ledger.Ledger) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begin, h.begun = begin, false
	if held := h.current.Load(); held != nil {
		h.tellBegin(held.Ledger)
	}
}

// tellBegin tells a ledger what it has not been told yet.
func (h *Handle) tellBegin(l *ledger.Ledger) {
	if h.begin == nil || h.begun {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	err := h.begin(ctx, l)
	h.begun = err == nil
	if err != nil && h.cfg.Ledger.Failed != nil {
		h.cfg.Ledger.Failed("begin", err)
	}
}

// tell says what has changed.
func (h *Handle) tell(err error) {
	same := err != nil && h.err != nil && err.Error() == h.err.Error()
	h.failed.Store(nil)
	if err != nil {
		h.failed.Store(&err)
	}
	if h.err = err; !same {
		h.cfg.Changed(err)
	}
}

// Run begins to look after the store: one that is not open is tried again, and one that writes
// nothing any more is opened anew.
func (h *Handle) Run() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stop != nil || h.closed {
		return
	}
	h.stop, h.done = make(chan struct{}), make(chan struct{})
	h.tellServes()
	go h.look(h.stop, h.done)
}

func (h *Handle) look(stop, done chan struct{}) {
	defer close(done)
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if held := h.current.Load(); held == nil {
			_ = h.Open() // it tells why it fails
		} else if err := held.store.broken(); err != nil {
			h.drop(err)
		} else {
			h.warn(held.store)
			h.mu.Lock()
			h.tellServes() // another one that began to serve may have been refused after all
			h.tellBegin(held.Ledger)
			h.mu.Unlock()
		}
	}
}

// warn tells once of a store that has nearly reached its bound.
func (h *Handle) warn(store *shared) {
	bounded, ok := store.Store.(interface{ NearlyFull() bool })
	if !ok || h.cfg.Nearly == nil || !bounded.NearlyFull() {
		return
	}
	h.nearly.Do(h.cfg.Nearly)
}

// drop lets go of a store that is broken, so that it is opened anew. Nobody opens it before it is
// closed: it would be locked.
func (h *Handle) drop(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.current.Swap(nil)
	if held == nil {
		return
	}
	h.tell(fmt.Errorf("the ledger writes nothing any more: %w", err))
	h.next = time.Time{}
	_ = held.close()
}

// Close gives the ledger back. What uses it at this moment gets errors from then on.
func (h *Handle) Close() error {
	h.mu.Lock()
	h.closed = true
	held, stop, done := h.current.Swap(nil), h.stop, h.done
	h.stop = nil
	h.mu.Unlock()
	if stop != nil {
		close(stop)
		<-done
	}
	if held == nil {
		return nil
	}
	return held.close()
}

// close writes what waits, and gives the store back.
func (h *held) close() error {
	h.Ledger.Close()
	return stores.giveBack(h.store)
}
