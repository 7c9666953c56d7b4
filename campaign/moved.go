package campaign

import "slices"

// Ranges returns the experiment's key and ranges; an empty key means no experiment.
func (c *Campaign) Ranges() (key string, ranges []Range) {
	if c.split == nil {
		return "", nil
	}
	return c.split.key, slices.Clone(c.split.ranges)
}

// Moved returns how many basis points of all users have a variant under a and another one, or none, under b, when
// both have the same experiment key; else 0. Users who only join, because coverage grew, have not moved.
//
// It is exact while seed and hash attribute stay. When one of them changes, every user is dealt anew: the result is
// then the expected share, rounded.
func Moved(a, b *Campaign) int {
	if a.split == nil || b.split == nil || a.split.key != b.split.key {
		return 0
	}
	covered, stay := 0, 0
	redealt := a.split.seed != b.split.seed || a.split.attribute != b.split.attribute
	for _, from := range a.split.ranges {
		covered += from.End - from.Start
		for _, to := range b.split.ranges {
			switch {
			case from.Variant != to.Variant:
			case redealt:
				stay += (from.End - from.Start) * (to.End - to.Start)
			default:
				stay += max(0, min(from.End, to.End)-max(from.Start, to.Start)) * basisPoints
			}
		}
	}
	return covered - (stay+basisPoints/2)/basisPoints
}
