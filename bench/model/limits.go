package model

import (
	"cmp"
	"math"
	"slices"
)

// Fleet is what stands there.
type Fleet struct {
	Caddys      int
	Cores       int // of each
	MaxInFlight int // of each
	Masters     int // of the Redis of the links
	RedisBytes  float64
	LedgerBytes float64 // of the ledger's Redis
	Provider    float64 // calls a second that it allows; 0 if it does not say
}

// Limit is where something gives way.
type Limit struct {
	What     string
	Shoppers float64 // an hour
}

// Limits are the numbers of shoppers an hour at whose peak each part of a fleet is used up, the
// first to give way first. Nothing is held back here: it is where things break, not where to stop.
func (h Habit) Limits(c Costs, f Fleet) []Limit {
	// What one shopper an hour needs.
	one := h.Size(c, 1, f.Cores)
	nodes, redis := float64(f.Caddys), float64(f.Masters)
	list := []Limit{
		{"the provider's calls", f.Provider / one.Calls},
		{"`max_in_flight`", nodes * float64(f.MaxInFlight) / one.InFlight},
		{"CPU of the Caddys", nodes * float64(f.Cores) / one.NodeCores},
		{"CPU of the master that counts the rate", 1 / (one.RedisCores/redis + one.TurnCores)},
		{"memory of Redis", f.RedisBytes / one.RedisBytes},
		{"memory of the ledger, one experiment", f.LedgerBytes / one.LedgerBytes},
		{"CPU of the ledger's Redis", 1 / one.LedgerCores},
		{"people whom each Caddy writes down", nodes * h.Writes(c) / one.Calls},
	}
	list = slices.DeleteFunc(list, func(l Limit) bool {
		return l.Shoppers <= 0 || math.IsInf(l.Shoppers, 0) || math.IsNaN(l.Shoppers)
	})
	slices.SortStableFunc(list, func(a, b Limit) int { return cmp.Compare(a.Shoppers, b.Shoppers) })
	return list
}
