package ledgertest

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/ledger"
)

// Facts are the facts that a ledger exports, sorted. An export's first line has a date, and its last
// one counts lines, of which a store may scan one twice: neither is here.
func Facts(t testing.TB, l *ledger.Ledger) []string {
	t.Helper()
	var text strings.Builder
	if err := l.Export(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	lines = lines[1 : len(lines)-1]
	slices.Sort(lines)
	return slices.Compact(lines)
}

// Difference tells where two lists differ first; it is empty where they do not.
func Difference(a, b []string) string {
	at := func(lines []string, i int) string {
		if i < len(lines) {
			return lines[i]
		}
		return "(nothing)"
	}
	for i := range max(len(a), len(b)) {
		if at(a, i) != at(b, i) {
			return "first\n" + at(a, i) + "\nand then\n" + at(b, i)
		}
	}
	return ""
}

// workers deliver webhooks at once.
const workers = 16

// Together does jobs at once.
func Together[T any](jobs []T, do func(T)) {
	var all sync.WaitGroup
	queue := make(chan T)
	for range workers {
		all.Go(func() {
			for job := range queue {
				do(job)
			}
		})
	}
	for _, job := range jobs {
		queue <- job
	}
	close(queue)
	all.Wait()
}
