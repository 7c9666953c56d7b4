package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
)

// meetingStore lets nobody take steps before as many are there as are to meet.
type meetingStore struct {
	ledger.Store
	meet *sync.WaitGroup
}

func (s *meetingStore) Do(ctx context.Context, take func(ledger.Steps) error) error {
	if s.meet != nil {
		s.meet.Done()
		s.meet.Wait()
	}
	return s.Store.Do(ctx, take)
}

// TestExposuresOfACrowdAreWrittenSideBySide has many people come at once. A ledger that writes one
// batch after the other would wait for ever, which the bubble finds.
func TestExposuresOfACrowdAreWrittenSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &meetingStore{Store: memorystore.New(nil)}
		var told atomic.Int64
		l, err := ledger.Open(t.Context(), store, ledger.Config{
			Secrets: storySecrets(t), Exposed: func(ledger.Exposure) { told.Add(1) },
			Failed: func(what string, err error) { t.Errorf("%s: %v", what, err) },
		})
		if err != nil {
			t.Fatal(err)
		}
		run := &ledger.Run{
			Campaign: "pro", Experiment: "bf", Settings: "1",
			Variants: []ledger.Share{{Variant: "control", Width: 1}, {Variant: "cheaper", Width: 1}},
		}
		if err := l.Begin(t.Context(), []ledger.Run{*run}, time.Now()); err != nil {
			t.Fatal(err)
		}
		const people = 1000
		store.meet = &sync.WaitGroup{}
		store.meet.Add(ledger.ExposureWriters)
		for i := range people {
			l.Expose(ledger.Exposure{
				Run: run, Variant: "cheaper", At: "link",
				Subscriber: fmt.Sprint("hash ", i), Time: time.Now(),
			})
		}
		time.Sleep(time.Second)
		store.meet = nil
		if got := told.Load(); got != people {
			t.Errorf("%d people were told of, not %d", got, people)
		}
		l.Close()
	})
}
