// Package model says what a fleet needs for a number of shoppers, what gives way first, and what
// happens while something is broken. It measures nothing: what a click costs is given to it.
//
// It has two halves. Habit.Size and Habit.Limits are arithmetic. World.Run plays the shoppers in
// steps of a tenth of a second, as amounts and not one by one, so that a hundred million take as
// long as a hundred.
package model

import "math"

// Costs are what a machine has measured. CPU is in seconds of one core, memory in bytes.
type Costs struct {
	NodeHit      float64 // of a Caddy, for a click whose link is in Redis
	NodeMiss     float64 // the same for a click that makes a link
	MemoryHit    float64 // of a Caddy, for a click whose link is in its own memory
	MemoryMiss   float64 // the same for a click that makes a link
	NodeRefused  float64 // of a Caddy, for a click that is turned away by the rate
	RedisHit     float64 // of Redis, for a click whose link is there
	RedisMiss    float64 // the same for a click that makes a link, its turn of the rate included
	RedisRefused float64 // the same for a click that is turned away by the rate
	RedisTurn    float64 // the part of a miss that is the rate's, and does not spread over masters

	NodeExposure    float64 // of a Caddy, for a person who is new in an experiment
	RedisExposure   float64 // of the Redis of the ledger
	ExposureTrips   float64 // round trips to that Redis, one after the other
	ExposureWriters float64 // people whom a Caddy writes down side by side

	LinkBytes          float64 // in a memory cache
	RedisLinkBytes     float64 // in Redis
	RedisEpochBytes    float64 // in Redis, of a subscriber who came within two hours
	RedisExposureBytes float64 // in the Redis of the ledger: one person in an experiment
	FileExposureBytes  float64 // the same in a file
}

// Habit is how shoppers behave, and how long the API takes. Times are in seconds.
type Habit struct {
	Clicks  float64 // of one shopper within the life of their link
	Peak    float64 // arrivals at the peak, by the mean of the hour
	Latency float64 // of an API call
	TTL     float64 // of a link
	Trip    float64 // a round trip to Redis
}

// Usual is what docs/operations.md reckons with, and a Redis in the same zone.
var Usual = Habit{Clicks: 3, Peak: 5, Latency: 0.3, TTL: 300, Trip: 500e-6}

// Size is what a number of shoppers an hour needs at the peak.
type Size struct {
	Calls         float64 // a second, that the provider must allow
	Requests      float64 // a second
	InFlight      float64 // calls, on average
	NodeCores     float64
	RedisCores    float64 // that spread over masters
	TurnCores     float64 // of the master that counts the rate
	Alive         float64 // links
	RedisBytes    float64 // of the cache
	LedgerBytes   float64 // of one experiment, in Redis
	Caddys        int
	Masters       int
	MaxInFlight   int // of one Caddy
	LedgerCores   float64
	LedgerMasters int // masters of the ledger's Redis, where everybody meets an experiment
	Writers       int // Caddys that it takes to write these people down
}

// headroom is the part of a resource that may be in use at the peak. Half is left: for one of two
// nodes that is lost, for bunches, and for what a real network costs beside loopback.
const headroom = 0.5

// minCaddys is how many there are in any case, so that one may be restarted.
const minCaddys = 2

// Size is what that many shoppers an hour need, on nodes with that many cores.
func (h Habit) Size(c Costs, shoppers float64, cores int) Size {
	s := Size{Calls: h.Peak * shoppers / 3600}
	s.Requests = s.Calls * h.Clicks
	s.InFlight = s.Calls * h.Latency
	s.Alive = s.Calls * h.TTL
	hits := s.Requests - s.Calls
	s.NodeCores = s.Calls*(c.NodeMiss+c.NodeExposure) + hits*c.NodeHit
	s.TurnCores = s.Calls * c.RedisTurn
	s.RedisCores = s.Calls*(c.RedisMiss-c.RedisTurn) + hits*c.RedisHit
	s.RedisBytes = s.Alive*c.RedisLinkBytes + 2*shoppers*c.RedisEpochBytes
	s.LedgerBytes = shoppers * c.RedisExposureBytes
	s.LedgerCores = s.Calls * c.RedisExposure
	s.Caddys = max(minCaddys, ceil(s.NodeCores/(headroom*float64(cores))))
	s.MaxInFlight = ceil(1.5 * s.InFlight / float64(s.Caddys))
	s.LedgerMasters = max(1, ceil(s.LedgerCores/headroom))
	s.Writers = ceil(s.Calls / h.Writes(c))
	s.Masters = masters(s.RedisCores, s.TurnCores)
	return s
}

// Writes is how many people a second one Caddy writes down.
func (h Habit) Writes(c Costs) float64 { return c.ExposureWriters / (c.ExposureTrips * h.Trip) }

// masters is how many share the work so that the one that also counts the rate has headroom; 0 if
// no number does.
func masters(spread, turn float64) int {
	if turn >= headroom {
		return 0
	}
	return max(1, ceil(spread/(headroom-turn)))
}

func ceil(x float64) int { return int(math.Ceil(x - 1e-9)) }
