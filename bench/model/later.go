package model

// later are amounts that come at some step. They are kept as differences, so that an amount that
// spreads over minutes is two additions.
type later struct {
	slope []float64
	now   float64
}

func (l *later) spread(n float64, from, to int) {
	if n == 0 || from >= len(l.slope) {
		return
	}
	to = max(to, from+1)
	l.slope[from] += n / float64(to-from)
	if to < len(l.slope) {
		l.slope[to] -= n / float64(to-from)
	}
}

func (l *later) at(i int) float64 {
	l.now += l.slope[i]
	return max(0, l.now)
}
