package campaign

import (
	"math"
	"slices"
)

// Ranges returns the experiment's key and ranges; an empty key means no experiment.
func (c *Campaign) Ranges() (key string, ranges []Range) {
	if c.split == nil {
		return "", nil
	}
	return c.split.key, slices.Clone(c.split.ranges)
}

// Moved returns how many basis points of all users have a variant under c, and another one, or
// none, under next, which takes its place. Without the same experiment key in both it is 0. Users
// who only join, because coverage grew, have not moved.
//
// It is exact while seed and hash attribute stay. If one of them changes, every user is rehashed:
// the result is then the expected share, rounded.
func (c *Campaign) Moved(next *Campaign) int {
	if c.split == nil || next.split == nil || c.split.key != next.split.key {
		return 0
	}
	covered, stay := 0, 0
	rehashed := c.split.seed != next.split.seed || c.split.attribute != next.split.attribute
	for _, from := range c.split.ranges {
		covered += from.End - from.Start
		for _, to := range next.split.ranges {
			switch {
			case from.Variant != to.Variant:
			// Old and new bucket are independent: a user stays with the product of both shares.
			case rehashed:
				stay += (from.End - from.Start) * (to.End - to.Start)
			default:
				stay += max(0, min(from.End, to.End)-max(from.Start, to.Start)) * basisPoints
			}
		}
	}
	// Namespaces and buckets are independent, too.
	before, after := c.split.namespace, next.split.namespace
	inBoth := before.overlap(after, c.split.attribute != next.split.attribute)
	moved := float64(covered)*float64(before.width())/perMille -
		float64(stay)/basisPoints*float64(inBoth)/(perMille*perMille)
	return int(math.Round(moved))
}
