package matchindex

import (
	"slices"
)

// shortest is how long a list is for which an index is worth its look-ups.
const shortest = 16

// Index is the needs of a list. It does not change, and is safe for concurrent use.
type Index struct {
	always []int // places that are asked in any case, sorted
	keys   []Key
	by     map[Key]map[string][]int
}

// Sets are the needs of one campaign: of each of its alternatives those that must all be met. One
// alternative is enough for the campaign to match; one without needs always could.
type Sets [][]Need

// New makes an index of a list, or nil where it would spare nothing: the list is short, or most of it
// is not understood.
func New(list []Sets) *Index {
	if len(list) < shortest {
		return nil
	}
	// Of several needs the one that fewest campaigns have tells most.
	common := map[Key]map[string]int{}
	for _, sets := range list {
		for _, needs := range sets {
			for _, n := range needs {
				if common[n.Key] == nil {
					common[n.Key] = map[string]int{}
				}
				for _, v := range n.Values {
					common[n.Key][v]++
				}
			}
		}
	}
	x := &Index{by: map[Key]map[string][]int{}}
	for place, sets := range list {
		x.add(place, sets, common)
	}
	if len(x.always) > len(list)/2 {
		return nil
	}
	return x
}

func (x *Index) add(place int, sets Sets, common map[Key]map[string]int) {
	if len(sets) == 0 || slices.ContainsFunc(sets, func(n []Need) bool { return len(n) == 0 }) {
		x.always = append(x.always, place)
		return
	}
	weight := func(n Need) (sum int) {
		for _, v := range n.Values {
			sum += common[n.Key][v]
		}
		return sum
	}
	for _, needs := range sets {
		best := slices.MinFunc(needs, func(a, b Need) int { return weight(a) - weight(b) })
		if x.by[best.Key] == nil {
			x.by[best.Key] = map[string][]int{}
			x.keys = append(x.keys, best.Key)
		}
		for _, v := range best.Values {
			x.by[best.Key][v] = append(x.by[best.Key][v], place)
		}
	}
}

// Candidates are the places of the campaigns that could match, in the order of the list. values are
// those of a part of the request; not known means that they cannot be told for sure, and then every
// campaign that needs the part is asked.
func (x *Index) Candidates(values func(Key) (values []string, known bool)) []int {
	places := slices.Clone(x.always)
	for _, key := range x.keys {
		found, known := values(key)
		if !known {
			for _, list := range x.by[key] {
				places = append(places, list...)
			}
			continue
		}
		for _, v := range found {
			places = append(places, x.by[key][v]...)
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}
