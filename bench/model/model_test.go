package model

import (
	"math"
	"slices"
	"testing"
)

// round are costs that can be reckoned with in the head.
var round = Costs{
	NodeHit: 100e-6, NodeMiss: 400e-6, NodeRefused: 200e-6,
	MemoryHit: 50e-6, MemoryMiss: 200e-6,
	RedisHit: 10e-6, RedisMiss: 100e-6, RedisRefused: 30e-6, RedisTurn: 20e-6,
	NodeExposure: 100e-6, RedisExposure: 80e-6, ExposureTrips: 5, ExposureWriters: 2,
	LinkBytes: 300, RedisLinkBytes: 400, RedisEpochBytes: 200, RedisExposureBytes: 300,
	FileExposureBytes: 100,
}

func TestSizeIsItsArithmetic(t *testing.T) {
	h := Habit{Clicks: 3, Peak: 5, Latency: 0.3, TTL: 300, Trip: 400e-6}
	for _, tt := range []struct {
		shoppers float64
		want     Size
	}{
		{720, Size{
			Calls: 1, Requests: 3, InFlight: 0.3, NodeCores: 700e-6, RedisCores: 100e-6,
			TurnCores: 20e-6, Alive: 300, RedisBytes: 300*400 + 1440*200, LedgerBytes: 720 * 300,
			Caddys: 2, Masters: 1, MaxInFlight: 1, LedgerCores: 80e-6, LedgerMasters: 1,
			Writers: 1,
		}},
		{7_200_000, Size{
			Calls: 10_000, Requests: 30_000, InFlight: 3000, NodeCores: 7, RedisCores: 1,
			TurnCores: 0.2, Alive: 3e6, RedisBytes: 3e6*400 + 14_400_000*200,
			LedgerBytes: 7_200_000 * 300, Caddys: 7, Masters: 4, MaxInFlight: 643,
			LedgerCores: 0.8, LedgerMasters: 2, Writers: 10,
		}},
		// Here one master cannot count the rate: none of the numbers is enough.
		{72_000_000, Size{
			Calls: 100_000, Requests: 300_000, InFlight: 30_000, NodeCores: 70, RedisCores: 10,
			TurnCores: 2, Alive: 3e7, RedisBytes: 3e7*400 + 144e6*200, LedgerBytes: 72e6 * 300,
			Caddys: 70, Masters: 0, MaxInFlight: 643, LedgerCores: 8, LedgerMasters: 16,
			Writers: 100,
		}},
	} {
		got := h.Size(round, tt.shoppers, 2)
		if !nearly(got, tt.want) {
			t.Errorf("%.0f shoppers:\n%+v, want\n%+v", tt.shoppers, got, tt.want)
		}
	}
}

// nearly compares sizes up to rounding.
func nearly(a, b Size) bool {
	numbers := func(s Size) []float64 {
		return []float64{
			s.Calls, s.Requests, s.InFlight, s.NodeCores, s.RedisCores, s.TurnCores, s.Alive,
			s.RedisBytes, s.LedgerBytes, s.LedgerCores, float64(s.Caddys), float64(s.Masters),
			float64(s.MaxInFlight), float64(s.LedgerMasters), float64(s.Writers),
		}
	}
	return slices.EqualFunc(numbers(a), numbers(b), func(x, y float64) bool {
		return math.Abs(x-y) <= 1e-9*math.Max(1, math.Abs(y))
	})
}

func TestLimitsComeInOrder(t *testing.T) {
	h := Habit{Clicks: 3, Peak: 5, Latency: 0.3, TTL: 300, Trip: 400e-6}
	f := Fleet{
		Caddys: 4, Cores: 2, MaxInFlight: 64, Masters: 1, RedisBytes: 1e9, LedgerBytes: 1e9,
		Provider: 500,
	}
	want := []struct {
		what     string
		shoppers float64
	}{
		{"the provider's calls", 500 * 720},
		{"`max_in_flight`", 256 / 0.3 * 720},
		{"memory of Redis", 1e9 / (300*400/720. + 400)},
		{"people whom each Caddy writes down", 4 * 2 * 720 / (5 * 400e-6)},
		{"memory of the ledger, one experiment", 1e9 / 300},
		{"CPU of the master that counts the rate", 720 / 120e-6},
		{"CPU of the Caddys", 8 / 700e-6 * 720},
		{"CPU of the ledger's Redis", 720 / 80e-6},
	}
	got := h.Limits(round, f)
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if got[i].What != w.what || math.Abs(got[i].Shoppers/w.shoppers-1) > 1e-9 {
			t.Errorf("limit %d: %+v, want %+v", i, got[i], w)
		}
	}
	// What nobody has said is no limit.
	f.Provider = 0
	if got := h.Limits(round, f); got[0].What != "`max_in_flight`" || len(got) != len(want)-1 {
		t.Errorf("without a provider's limit: %+v", got)
	}
}
