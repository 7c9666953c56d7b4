package main

import (
	"os"
	"testing"
)

func TestCPUTimeGrowsWithWork(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	x := uint64(1)
	for range 10_000_000 {
		x = x*6364136223846793005 + 1442695040888963407
	}
	after, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after <= before {
		t.Errorf("from %v to %v over %d", before, after, x)
	}
	now, peak, err := resident(os.Getpid())
	if err != nil || now <= 0 || peak < now {
		t.Errorf("resident %d, at its peak %d, error %v", now, peak, err)
	}
}
