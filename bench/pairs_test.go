package main

import (
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func turns(cpu ...time.Duration) (list []turn) {
	for _, d := range cpu {
		list = append(list, turn{cpu: d})
	}
	return list
}

func TestRatioIsThatOfTheSums(t *testing.T) {
	c := comparison{n: 10, ours: turns(100, 300, 200, 600), other: turns(100, 100, 200, 200)}
	if got := c.ratio(); got != 2 {
		t.Errorf("ratio %v, want 2: 1200 by 600", got)
	}
	if diff := cmp.Diff([]float64{1, 1, 3, 3}, c.ratios()); diff != "" {
		t.Errorf("ratios (-want +got):\n%s", diff)
	}
	if ours, other := c.each(); ours != 30 || other != 15 {
		t.Errorf("each %v and %v, want 30 ns and 15 ns", ours, other)
	}
	if got, want := c.spread(), "1.00–3.00 (1.00–3.00)"; got != want {
		t.Errorf("spread %q, want %q", got, want)
	}
	for bar, want := range map[float64]string{2: "met", 1.99: "missed"} {
		if row := c.row("x", bar); row[len(row)-1] != want {
			t.Errorf("bar %v: %v, want %s", bar, row, want)
		}
	}
}

func TestRedirectBarIsByUsers(t *testing.T) {
	checked := comparison{other: turns(100, 100), check: turns(200, 400)}
	for _, row := range []struct {
		users int
		c     comparison
		bar   float64
	}{
		{fewUsers, comparison{}, 1.10},
		{manyUsers, comparison{}, 1.12},
		{manyUsers + 1, comparison{}, 1.30},
		{manyUsers + 1, checked, 1.30 + 2}, // a check costs 200 beside 100
	} {
		l := lab{settings: settings{users: row.users}}
		if got := l.redirectBar(row.c); got != row.bar {
			t.Errorf("%d users: %v, want %v", row.users, got, row.bar)
		}
	}
}

func TestQuantilesAreMeasuredValues(t *testing.T) {
	list := []int64{5, 1, 4, 2, 3}
	for q, want := range map[float64]int64{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := quantile(list, q); got != want {
			t.Errorf("quantile %v: %d, want %d", q, got, want)
		}
	}
	if got := median([]int64{1, 2, 3, 4}); got != 3 {
		t.Errorf("median of four: %d, want the upper middle one", got)
	}
	if list[0] != 5 {
		t.Error("the list was sorted in place")
	}
}

// Both sides must get the same work, and go first as often.
func TestSidesAlternate(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the CPU time of a process is read from Linux")
	}
	var order strings.Builder
	sideOf := func(letter string) side {
		_, c := listen(t, 1, http.StatusSeeOther, func(w http.ResponseWriter, r *http.Request) {
			order.WriteString(letter)
			redirect(w, r)
		})
		return side{pids: []int{os.Getpid()}, client: c}
	}
	c, err := compare(t.Context(), sideOf("a"), sideOf("b"), 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := order.String(), "aabb"+"bbaa"+"aabb"+"bbaa"+"aabb"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if len(c.ours) != 4 || len(c.other) != 4 || c.n != 2 {
		t.Errorf("%d and %d turns of %d, want 4 of 2: the first pair only warms up", len(c.ours),
			len(c.other), c.n)
	}
}
