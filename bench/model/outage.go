package model

import "math"

// broken is which part of the links is out of reach, and whether the rate is.
func (g *region) broken(i int) (part float64, rate bool) {
	if g.Masters == 0 {
		return 0, true
	}
	t := float64(i) * step
	for _, o := range g.Outages {
		if t >= o.From && t < o.Until {
			part += float64(o.Masters) / float64(g.Masters)
			rate = rate || o.Rate
		}
	}
	return min(part, 1), rate
}

// missing is the part of those who have clicked n times that find no link.
func (g *region) missing(n int, broken float64) float64 {
	if g.Masters > 0 {
		return broken
	}
	return math.Pow(1-1/float64(g.Nodes), float64(n)) // no click was at this node
}
