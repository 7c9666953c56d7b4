//go:build !linux

package main

import (
	"errors"
	"time"
)

var errLinuxOnly = errors.New("the CPU time of another process is read from Linux only")

func cpuTime(int) (time.Duration, error) { return 0, errLinuxOnly }

func family(int) ([]int, error) { return nil, errLinuxOnly }

func resident(int) (now, peak int64, err error) { return 0, 0, errLinuxOnly }

func cpuModel() string { return "unknown CPU" }

func loadAverage() string { return "unknown" }
