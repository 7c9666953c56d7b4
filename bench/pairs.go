package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// contender is one of two that are compared.
type contender interface {
	take(n int) (turn, error)
}

// side is a server and a client that asks it for one route.
type side struct {
	pids   []int // its processes: some servers have workers
	client *client
}

// turn is what one turn took: CPU time of the process that does the work, time on the clock.
type turn struct{ cpu, wall time.Duration }

// take sends n requests.
func (s side) take(n int) (turn, error) {
	before, err := cpuTimes(s.pids)
	if err != nil {
		return turn{}, err
	}
	wall, err := s.client.run(n)
	if err != nil {
		return turn{}, err
	}
	after, err := cpuTimes(s.pids)
	return turn{after - before, wall}, err
}

// cpuTimes is the CPU time of several processes together.
func cpuTimes(pids []int) (sum time.Duration, err error) {
	for _, pid := range pids {
		used, err := cpuTime(pid)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// work is done in this process, while nothing else is.
type work func() error

// take does it n times.
func (w work) take(n int) (turn, error) {
	start := time.Now()
	before, err := cpuTime(os.Getpid())
	if err != nil {
		return turn{}, err
	}
	for range n {
		if err := w(); err != nil {
			return turn{}, err
		}
	}
	after, err := cpuTime(os.Getpid())
	return turn{after - before, time.Since(start)}, err
}

// besides is a contender after each of whose turns another one has a turn that does not compete:
// what both cost is then of one time, on a machine that is quicker at one time than at another.
type besides struct {
	contender
	other contender
	turns []turn // of the other
}

// take is the contender's turn alone.
func (b *besides) take(n int) (turn, error) {
	took, err := b.contender.take(n)
	if err != nil {
		return turn{}, err
	}
	beside, err := b.other.take(n)
	b.turns = append(b.turns, beside)
	return took, err
}

// comparison is the outcome of interleaved pairs of turns.
type comparison struct {
	n           int // requests per turn
	ours, other []turn
	check       []turn // of the other with a signature check, if that was measured
}

// compare lets both sides take turns of n requests, the order alternating, after one turn each that
// does not count.
func compare(ctx context.Context, ours, other contender, pairs, n int) (comparison, error) {
	c := comparison{n: n}
	for pair := range pairs + 1 {
		if ctx.Err() != nil {
			return c, context.Cause(ctx)
		}
		first, second := ours, other
		if pair%2 == 1 {
			first, second = other, ours
		}
		a, err := first.take(n)
		if err != nil {
			return c, err
		}
		b, err := second.take(n)
		if err != nil {
			return c, err
		}
		if pair == 0 {
			continue // warms up
		}
		if pair%2 == 1 {
			a, b = b, a
		}
		c.ours, c.other = append(c.ours, a), append(c.other, b)
	}
	return c, nil
}

// ratio is the CPU time of all our turns by that of all the others.
func (c comparison) ratio() float64 { return float64(cpuSum(c.ours)) / float64(cpuSum(c.other)) }

// ratios are those of the single pairs, in order of size.
func (c comparison) ratios() []float64 {
	list := make([]float64, len(c.ours))
	for i := range c.ours {
		list[i] = float64(c.ours[i].cpu) / float64(c.other[i].cpu)
	}
	slices.Sort(list)
	return list
}

// spread says between which values the ratios of the pairs lie: the middle half, and all.
func (c comparison) spread() string {
	r := c.ratios()
	return fmt.Sprintf("%.2f–%.2f (%.2f–%.2f)", r[len(r)/4], r[len(r)*3/4], r[0], r[len(r)-1])
}

// each is the CPU time of one request of ours and one of the other's.
func (c comparison) each() (ours, other time.Duration) {
	total := time.Duration(c.n * len(c.ours))
	return cpuSum(c.ours) / total, cpuSum(c.other) / total
}

// took is the time on the clock for each request of ours and each of the other's, with all
// connections busy.
func (c comparison) took() (ours, other time.Duration) {
	for i := range c.ours {
		ours, other = ours+c.ours[i].wall, other+c.other[i].wall
	}
	total := time.Duration(c.n * len(c.ours))
	return ours / total, other / total
}

// row is the comparison as a line of a table.
func (c comparison) row(what string, bar float64) []string {
	ours, other := c.each()
	return []string{
		what, micros(ours), micros(other), fmt.Sprintf("%.3f", c.ratio()), c.spread(),
		fmt.Sprintf("≤ %.2f", bar), verdict(c.ratio() <= bar),
	}
}

func cpuSum(turns []turn) (sum time.Duration) {
	for _, t := range turns {
		sum += t.cpu
	}
	return sum
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

// median of a list in any order. An even one gives the upper of the middle two: no value that was
// not measured.
func median[T int64 | float64 | time.Duration](list []T) T {
	return quantile(list, 0.5)
}

func quantile[T int64 | float64 | time.Duration](list []T, q float64) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
