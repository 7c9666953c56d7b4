package ledgerlife_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgerlife"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/zotlo"
)

const secret = "a secret of the ledger"

var errDamaged = errors.New("damaged")

func TestShareOpensNothing(t *testing.T) {
	s := newShelf(t)
	h := s.configure(secret)
	if err := h.Share(); err != nil || h.IsOpen() {
		t.Errorf("shared: %v, open: %t", err, h.IsOpen())
	}
	s.opens(0)
	h.told()
}

// A reload: the new configuration comes before the old one goes, and the store is never closed.
func TestConfigurationsShareAStore(t *testing.T) {
	s := newShelf(t)
	old, next := s.configure(secret), s.configure(secret)
	old.opens()
	next.shares()
	next.opens() // as Start does
	s.opens(1)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s.isOpen(true)
	next.works()
	old.failsWith(ledgerlife.ErrClosed)
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	s.isOpen(false)
	ledgerlife.Each(func(ledger.Store) { t.Error("a store is left") })
}

// What the old configuration wrote, the new one knows, while both run and when it is alone.
func TestSharedStoreIsOneLedger(t *testing.T) {
	s := newShelf(t)
	old, next := s.configure(secret), s.configure(secret)
	old.opens()
	next.shares()
	one, _ := old.Get()
	two, _ := next.Get()
	paid := ledger.Delivery{Event: zotlo.Event{
		Kind: zotlo.WebhookPayment, TransactionID: "1", Status: "start_paid", Type: "start_paid",
	}}
	if news, err := one.Record(t.Context(), paid); err != nil || !news.Counted {
		t.Fatalf("%+v, %v", news, err)
	}
	for range 2 {
		if repeated, err := two.Repeated(t.Context(), paid); err != nil || !repeated {
			t.Errorf("the new configuration knows of it: %t, %v", repeated, err)
		}
		_ = old.Close()
	}
}

// To share twice takes one hold, not two.
func TestSharingTwiceHoldsOnce(t *testing.T) {
	s := newShelf(t)
	old, next := s.configure(secret), s.configure(secret)
	old.opens()
	next.shares()
	next.shares()
	_, _ = old.Close(), next.Close()
	s.isOpen(false)
}

// A file that is not there has no name before it is opened.
func TestStoreMayGetItsNameWhenItIsOpened(t *testing.T) {
	s := newShelf(t)
	name := s.key
	s.key = ""
	old, next := s.configure(secret), s.configure(secret)
	if err := next.Share(); err != nil || next.IsOpen() {
		t.Fatalf("shared what has no name: %v", err)
	}
	s.key = name
	old.opens()
	next.shares()
	s.opens(1)
}

func TestAnotherSecretIsNoShare(t *testing.T) {
	s := newShelf(t)
	old, next := s.configure(secret), s.configure("another secret")
	old.opens()
	if err := next.Share(); !errors.Is(err, ledger.ErrOtherSecret) || next.IsOpen() {
		t.Errorf("shared: %v, open: %t", err, next.IsOpen())
	}
	s.isOpen(true)
	old.works()
	rotated := s.configure("another secret", secret)
	rotated.shares()
	_, _ = old.Close(), rotated.Close()
	s.isOpen(false) // the one that was refused holds nothing
}

func TestAnotherSecretOpensNothing(t *testing.T) {
	s := newShelf(t)
	first := s.configure(secret)
	first.opens()
	_ = first.Close()
	other := s.configure("another secret")
	if err := other.Open(); !errors.Is(err, ledger.ErrOtherSecret) {
		t.Errorf("opened: %v", err)
	}
	s.isOpen(false)
	other.told(ledger.ErrOtherSecret)
	other.failsWith(ledger.ErrOtherSecret)
}

// A store that does not answer says nothing about the configuration.
func TestStoreThatIsAwayRefusesNoShare(t *testing.T) {
	s := newShelf(t)
	s.away = func(err error) bool { return errors.Is(err, ledger.ErrOtherSecret) }
	old, next := s.configure(secret), s.configure("another secret")
	old.opens()
	if err := next.Share(); err != nil || next.IsOpen() {
		t.Errorf("shared: %v, open: %t", err, next.IsOpen())
	}
	if err := next.Open(); err == nil || !next.Away(err) || next.Away(errDamaged) {
		t.Errorf("opened: %v", err)
	}
	_ = old.Close()
	s.isOpen(false)
}

func TestStoreIsTriedEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		h := s.configure(secret)
		s.fail(errLocked)
		if err := h.Open(); !errors.Is(err, errLocked) {
			t.Fatalf("opened: %v", err)
		}
		h.Run()
		h.Run() // once is enough
		h.failsWith(errLocked)
		s.opens(1)
		time.Sleep(25 * time.Second)
		s.opens(3)
		h.told(errLocked) // what it was told of before is no news
		s.fail(errDamaged)
		time.Sleep(10 * time.Second)
		h.told(errLocked, errDamaged)
		h.failsWith(errDamaged)
		s.fail(nil)
		time.Sleep(10 * time.Second)
		h.told(errLocked, errDamaged, nil)
		h.works()
		time.Sleep(time.Minute)
		s.opens(5)
		_ = h.Close()
	})
}

// A configuration whose Start was not asked, yet a request was.
func TestRequestOpensWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		h := s.configure(secret)
		s.fail(errLocked)
		h.failsWith(errLocked)
		s.fail(nil)
		time.Sleep(9 * time.Second)
		h.failsWith(errLocked)
		s.opens(1)
		time.Sleep(time.Second)
		h.works()
		s.opens(2)
		_ = h.Close()
	})
}

func TestManyRequestsOpenOnce(t *testing.T) {
	s := newShelf(t)
	h := s.configure(secret)
	var all sync.WaitGroup
	for range 20 {
		all.Go(h.works)
	}
	all.Wait()
	s.opens(1)
}

// A try may take seconds. Clicks go on meanwhile.
func TestNobodyWaitsForATry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		h := s.configure(secret)
		s.fail(errLocked)
		_ = h.Open()
		goOn := s.wait()
		h.Run()
		time.Sleep(time.Minute) // the second try lasts
		s.opens(2)
		h.failsWith(errLocked)
		s.fail(nil)
		goOn()
		time.Sleep(10 * time.Second)
		h.works()
		_ = h.Close()
	})
}

// A store that writes nothing any more is closed, and opened as one that must be there.
func TestBrokenStoreIsOpenedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		old, next := s.configure(secret), s.configure(secret)
		old.opens()
		next.shares()
		old.Run()
		next.Run()
		s.breaks(errDamaged)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		old.told(nil, errDamaged)
		next.told(errDamaged)
		s.isOpen(false)
		next.works()
		old.works()
		s.opens(2)
		if s.opened[0] || !s.opened[1] {
			t.Errorf("opened as one that was open before: %v", s.opened)
		}
		old.told(nil, errDamaged, nil)
		next.told(errDamaged, nil)
		_, _ = old.Close(), next.Close()
		s.isOpen(false)
	})
}

// Nobody shares what is broken.
func TestBrokenStoreIsNotShared(t *testing.T) {
	s := newShelf(t)
	old, next := s.configure(secret), s.configure(secret)
	old.opens()
	s.breaks(errDamaged)
	if err := next.Share(); err != nil || next.IsOpen() {
		t.Errorf("shared: %v, open: %t", err, next.IsOpen())
	}
	if err := next.Open(); !errors.Is(err, errLocked) {
		t.Errorf("opened beside the broken one: %v", err)
	}
}

func TestClosedStaysClosed(t *testing.T) {
	s := newShelf(t)
	h := s.configure(secret)
	h.opens()
	l, _ := h.Get()
	for range 2 {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	h.Run()
	h.failsWith(ledgerlife.ErrClosed)
	if err := h.Open(); !errors.Is(err, ledgerlife.ErrClosed) {
		t.Errorf("opened: %v", err)
	}
	other := s.configure(secret)
	other.opens()
	if err := h.Share(); err != nil || h.IsOpen() {
		t.Errorf("shared: %v, open: %t", err, h.IsOpen())
	}
	l.Expose(ledger.Exposure{Subscriber: "late"}) // no panic
	_ = other.Close()
	s.isOpen(false)
}

// What was exposed a moment before is written when the configuration goes.
func TestCloseWritesWhatWaits(t *testing.T) {
	s := newShelf(t)
	made, err := ledger.NewSecrets([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	var counted []string
	h := ledgerlife.New(ledgerlife.Config{
		Source: s.source(), Changed: func(error) {},
		Ledger: ledger.Config{
			Secrets: made,
			Exposed: func(e ledger.Exposure) { counted = append(counted, e.Subscriber) },
		},
	})
	l, err := h.Get()
	if err != nil {
		t.Fatal(err)
	}
	run := &ledger.Run{
		Campaign: "c", Experiment: "e", Settings: "s", Variants: []ledger.Share{{Variant: "v", Width: 10000}},
	}
	l.Expose(ledger.Exposure{Run: run, Variant: "v", Subscriber: "ann", Time: time.Now()})
	if err := h.Close(); err != nil || len(counted) != 1 {
		t.Errorf("%v, and counted were %q", err, counted)
	}
}

// What a configuration says of the store holds from when it serves: one that is refused before
// changes nothing, and one that is refused afterwards not for long.
func TestStoreIsOfTheOneThatServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		old, next := s.names("old"), s.names("next")
		old.opens()
		s.isOf()
		old.Run()
		s.isOf("old")
		next.shares()
		s.isOf("old")
		next.Run()
		s.isOf("old", "next")
		_ = next.Close() // what else it needs could not be had
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s.isOf("old", "next", "old")
		s.breaks(errDamaged)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		old.works()
		s.isOf("old", "next", "old", "old")
		_ = old.Close()
	})
}
