//go:build race

package testsize

// Race says that the tests run under the race detector.
const Race = true
