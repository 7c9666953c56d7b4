package main

import (
	"errors"
	"io/fs"
	"maps"

	"github.com/caddy-checkout/checkout/bench/model"
	"github.com/caddy-checkout/checkout/ledger"
)

// constants are the model's costs, from the figures of this run or else of the results.
func (l *lab) constants() (model.Costs, error) {
	r, err := readResults(l.results)
	if errors.Is(err, fs.ErrNotExist) {
		r, err = readResults("")
	}
	if err != nil {
		return model.Costs{}, err
	}
	maps.Copy(r, l.found)
	return costsOf(r)
}

// costsOf reads the model's costs from figures in microseconds and bytes.
func costsOf(r results) (c model.Costs, err error) {
	for _, f := range []struct {
		to   *float64
		name string
		unit float64
	}{
		{&c.NodeHit, nodeHit, 1e-6},
		{&c.NodeMiss, nodeMiss, 1e-6},
		{&c.MemoryHit, memoryHit, 1e-6},
		{&c.MemoryMiss, memoryMiss, 1e-6},
		{&c.NodeRefused, nodeRefused, 1e-6},
		{&c.NodeExposure, nodeExposure, 1e-6},
		{&c.RedisHit, redisHit, 1e-6},
		{&c.RedisMiss, redisMiss, 1e-6},
		{&c.RedisRefused, redisRefused, 1e-6},
		{&c.RedisExposure, redisExposure, 1e-6},
		{&c.LinkBytes, linkBytes, 1},
		{&c.RedisLinkBytes, redisLinkBytes, 1},
		{&c.RedisEpochBytes, redisEpochBytes, 1},
		{&c.RedisExposureBytes, redisExposureBytes, 1},
		{&c.FileExposureBytes, fileExposureBytes, 1},
		{&c.ExposureTrips, exposureTrips, 1},
	} {
		n, err := r.of(f.name)
		if err != nil {
			return c, err
		}
		*f.to = n * f.unit
	}
	c.ExposureWriters = ledger.ExposureWriters
	// Both look a link up; the one that is turned away has asked for a turn besides.
	c.RedisTurn = max(c.RedisRefused-c.RedisHit, 0)
	return c, nil
}
