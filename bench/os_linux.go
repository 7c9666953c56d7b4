package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// cpuTime is the CPU time, user and system, that all threads of a process have used so far, those
// that have ended included. It is the clock of clock_getcpuclockid(3), which counts nanoseconds
// where /proc/PID/stat counts ticks.
func cpuTime(pid int) (time.Duration, error) {
	const schedulerClock = 2 // CPUCLOCK_SCHED of the kernel, for a whole process
	var ts syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME,
		uintptr(int32(^pid<<3|schedulerClock)), uintptr(unsafe.Pointer(&ts)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("reading the CPU clock of process %d: %w", pid, errno)
	}
	return time.Duration(ts.Nano()), nil
}

// family are a process and its children, as they are now.
func family(pid int) ([]int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil, err
	}
	pids := []int{pid}
	for field := range strings.FieldsSeq(string(text)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		pids = append(pids, child)
	}
	return pids, nil
}

// resident is the memory of a process in bytes: now (VmRSS) and at its peak (VmHWM).
func resident(pid int) (now, peak int64, err error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	if now, err = kilobytes(path, "VmRSS:"); err != nil {
		return 0, 0, err
	}
	peak, err = kilobytes(path, "VmHWM:")
	return now, peak, err
}

func kilobytes(path, name string) (int64, error) {
	text, err := field(path, name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64)
	return n << 10, err
}

// field is the value of the first line of a file that begins with name.
func field(path, name string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name); ok {
			return strings.Trim(value, " \t:"), nil
		}
	}
	return "", fmt.Errorf("%s has no line %s", path, name)
}

func cpuModel() string {
	model, err := field("/proc/cpuinfo", "model name")
	if err != nil {
		return "unknown CPU"
	}
	return model
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}
