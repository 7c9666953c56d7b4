package ledger_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
	"github.com/caddy-checkout/checkout/zotlo"
)

// openFile opens a ledger in a file, which tells of each new exposure if there is anybody to tell.
func openFile(
	b *testing.B, path string, exposed func(ledger.Exposure),
) (*filestore.Store, *ledger.Ledger) {
	b.Helper()
	return openFileAt(b, path, exposed, time.Now)
}

// openFileAt opens it with another clock for the ends of documents.
func openFileAt(
	b *testing.B, path string, exposed func(ledger.Exposure), now func() time.Time,
) (*filestore.Store, *ledger.Ledger) {
	b.Helper()
	store, err := filestore.Open(filestore.Config{Path: path, Now: now})
	if err != nil {
		b.Fatal(err)
	}
	secrets, err := ledger.NewSecrets([]byte("the secret of the benchmarks"))
	if err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(b.Context(), store, ledger.Config{Secrets: secrets, Exposed: exposed})
	if err != nil {
		b.Fatal(err)
	}
	return store, l
}

// bought is the webhook of the n-th payment: a subscription that a link of an experiment sold to a
// new subscriber, with ids as long as Zotlo's, and instants as it writes them: those of the
// transaction to the second, that of the webhook to the millisecond.
func bought(n int) ledger.Delivery {
	return boughtAt(n, time.Now().Add(-time.Duration(n%8000)*time.Hour))
}

// boughtNow is one that is told of at once.
func boughtNow(n int) ledger.Delivery { return boughtAt(n, time.Now()) }

func boughtAt(n int, now time.Time) ledger.Delivery {
	now = now.Truncate(time.Second)
	id := fmt.Sprintf("f3b1c2d4-0000-4000-8000-%012d", n)
	return ledger.Delivery{
		Payer: subscriberHash(n), Heard: now.Add(2 * time.Second),
		Event: zotlo.Event{
			Kind: zotlo.WebhookPayment, Type: "start_paid", Status: "start_paid",
			RequestID: "r" + id, TransactionID: id, OriginalID: id, PackageID: "pro-monthly",
			PaymentType: "subscription", Price: "9.99", Currency: "EUR", Quantity: 1,
			CreatedAt: now.Add(807 * time.Millisecond), PurchasedAt: now, ExpiresAt: now.AddDate(0, 1, 0),
		},
		Attribution: ledger.Attribution{
			Campaign: "black-friday", Experiment: "price", Variant: "cheaper",
			Random: id, Minute: ledger.MinuteOf(now), Quote: "9.99", QuoteCurrency: "EUR",
		},
	}
}

// subscriberHash is a subscriber as the adapter names them: 128 bits.
func subscriberHash(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// BenchmarkRecord is a webhook that is durable when it returns: one alone, and 64 at once, which
// share their commits.
func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint(callers, " at once"), func(b *testing.B) {
			store, l := openFile(b, filepath.Join(b.TempDir(), "ledger.db"), nil)
			defer store.Close()
			defer l.Close()
			var n atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range callers {
				all.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						if _, err := l.Record(b.Context(), bought(int(i))); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "webhooks/s")
		})
	}
}

// BenchmarkLookUp is what a click asks of a subscriber who has bought something: of a few who come
// again and again, and of more than are remembered.
func BenchmarkLookUp(b *testing.B) {
	for _, people := range []int{100, 20_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			store, l := openFile(b, filepath.Join(b.TempDir(), "ledger.db"), nil)
			defer store.Close()
			defer l.Close()
			record(b, l, people, boughtNow)
			hashes := make([]string, people)
			for i := range hashes {
				hashes[i] = subscriberHash(i + 1)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				facts, err := l.Facts(b.Context(), hashes[n%people], "")
				if err != nil || !facts.Subscribed("", nil, time.Now()) {
					b.Fatal(facts, err)
				}
				n++
			}
		})
	}
}

// renewed is the webhook of a renewal of what the n-th payment sold, so many months later.
func renewed(n, months int) ledger.Delivery {
	d := bought(n)
	e := &d.Event
	e.Type, e.Status = "renewal", "renewal"
	e.TransactionID = fmt.Sprintf("f3b1c2d4-0000-4000-9%03d-%012d", months, n)
	e.RequestID = "r" + e.TransactionID
	for _, at := range []*time.Time{&e.CreatedAt, &e.PurchasedAt, &e.ExpiresAt, &d.Heard} {
		*at = at.AddDate(0, months, 0)
	}
	return d
}

// BenchmarkFacts says what a first payment of a new subscriber needs with all its indexes, what a
// payment needs in a year of twelve, what a person needs in a run, and how long a ledger of that
// size takes to open. Of the bytes, those that are left after nine days are said as well, when what
// guards against repeats is gone.
func BenchmarkFacts(b *testing.B) {
	facts := factsOf(b)
	for name, write := range map[string]func(*testing.B, *ledger.Ledger, int, <-chan struct{}){
		"payment": writePayments, "year": writeYears, "person": writePersons,
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				path := filepath.Join(b.TempDir(), "ledger.db")
				written := make(chan struct{}, exposuresAtOnce)
				store, l := openFile(b, path, func(ledger.Exposure) { written <- struct{}{} })
				empty := store.Size()
				began := time.Now()
				write(b, l, facts, written)
				l.Close()
				b.ReportMetric(float64(facts)/time.Since(began).Seconds(), "facts/s")
				b.ReportMetric(float64(store.Size()-empty)/float64(facts), "bytes/fact")
				reopen(b, store, path)
				later := func() time.Time { return time.Now().AddDate(0, 0, 9) }
				store, l = openFileAt(b, path, nil, later)
				l.Close()
				if _, err := store.Sweep(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(store.Size()-empty)/float64(facts), "bytes-later/fact")
				_ = store.Close()
				_ = os.Remove(path)
			}
		})
	}
}

// BenchmarkBook is a ledger of people in a run, of whom a quarter bought something, so one fact in
// five is a first payment: what a person and a payment need, and how long all of it takes to open.
// With ten million facts, which takes half an hour and 3 GB of disk:
//
//	CHECKOUT_FACTS=10000000 go test ./ledger -run=- -bench=Book -benchtime=1x -timeout=5h
func BenchmarkBook(b *testing.B) {
	facts := factsOf(b)
	for range b.N {
		path := filepath.Join(b.TempDir(), "ledger.db")
		written := make(chan struct{}, exposuresAtOnce)
		store, l := openFile(b, path, func(ledger.Exposure) { written <- struct{}{} })
		for _, part := range []struct {
			name  string
			count int
			write func(*testing.B, *ledger.Ledger, int, <-chan struct{})
		}{{"person", facts / 5 * 4, writePersons}, {"payment", facts / 5, writePurchases}} {
			before, began := store.Size(), time.Now()
			part.write(b, l, part.count, written)
			b.ReportMetric(float64(part.count)/time.Since(began).Seconds(), part.name+"s/s")
			b.ReportMetric(float64(store.Size()-before)/float64(part.count), "bytes/"+part.name)
		}
		l.Close()
		reopen(b, store, path)
	}
}

// factsOf is how many facts a benchmark writes.
func factsOf(b *testing.B) int {
	b.Helper()
	text := os.Getenv("CHECKOUT_FACTS")
	if text == "" {
		return 20_000
	}
	facts, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return facts
}

// reopen closes a store, and says how long its ledger takes to open.
func reopen(b *testing.B, store *filestore.Store, path string) {
	b.Helper()
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	store, l := openFile(b, path, nil)
	b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms/open")
	l.Close()
	_ = store.Close()
}

// writePayments records payments, many at once.
func writePayments(b *testing.B, l *ledger.Ledger, n int, _ <-chan struct{}) {
	record(b, l, n, boughtNow)
}

// writePurchases records payments of people who were shown a variant before.
func writePurchases(b *testing.B, l *ledger.Ledger, n int, _ <-chan struct{}) {
	record(b, l, n, func(i int) ledger.Delivery {
		return byOneShown(boughtNow(i))
	})
}

// byOneShown has a payer come by a link that an experiment gave them.
func byOneShown(d ledger.Delivery) ledger.Delivery {
	d.Attribution.Subscriber = d.Payer
	return d
}

// writeYears records years of subscribers who were shown a variant: a first payment and eleven
// renewals each, a month of all of them after the other.
func writeYears(b *testing.B, l *ledger.Ledger, n int, written <-chan struct{}) {
	subscribers := max(1, n/12)
	expose(b, l, subscribers, written, func(i int) time.Time { return bought(i).Event.PurchasedAt })
	record(b, l, subscribers, func(i int) ledger.Delivery {
		return byOneShown(bought(i))
	})
	record(b, l, n-subscribers, func(i int) ledger.Delivery {
		return renewed((i-1)%subscribers+1, (i-1)/subscribers+1)
	})
}

// record records n deliveries, many at once.
func record(b *testing.B, l *ledger.Ledger, n int, delivery func(int) ledger.Delivery) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if _, err := l.Record(b.Context(), delivery(int(i))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// exposuresAtOnce is how many exposures wait to be written. More than ledger takes would be lost.
const exposuresAtOnce = 50_000

// writePersons notes who was shown what.
func writePersons(b *testing.B, l *ledger.Ledger, n int, written <-chan struct{}) {
	expose(b, l, n, written, func(int) time.Time { return time.Now() })
}

// expose shows subscribers a variant, and waits until all of it is written.
func expose(
	b *testing.B, l *ledger.Ledger, n int, written <-chan struct{}, at func(int) time.Time,
) {
	b.Helper()
	run := &ledger.Run{
		Campaign: "black-friday", Experiment: "price", Settings: "1",
		Variants: []ledger.Share{{Variant: "control", Width: 5000}, {Variant: "cheaper", Width: 5000}},
	}
	if err := l.Begin(b.Context(), []ledger.Run{*run}, time.Now()); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if i >= exposuresAtOnce {
			<-written
		}
		l.Expose(ledger.Exposure{
			Run: run, Variant: "cheaper", At: "link",
			Subscriber: subscriberHash(i + 1), Time: at(i + 1),
		})
	}
	for range min(n, exposuresAtOnce) {
		<-written
	}
}
