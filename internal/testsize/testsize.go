// Package testsize says how large the tests are that can be of any size: floods, models and
// simulations.
//
// The race detector makes each step about ten times as dear, and finds what it can find early. So
// under it everything runs at a hundredth of its size, and nothing is skipped.
package testsize

import "os"

// share is the part of a size that is left where it is not the full one.
const share = 100

// Of is the size of a test that is quick even when it is whole: n, and under the race detector a
// hundredth of n. It is never less than 1.
func Of(n int) int {
	if Race {
		return part(n)
	}
	return n
}

// Long is the size of a test that takes minutes when it is whole: a hundredth of n, and all of n
// where the environment variable CHECKOUT_TEST_FULL is set. Under the race detector the variable
// changes nothing. It is never less than 1.
func Long(n int) int {
	if Race || os.Getenv("CHECKOUT_TEST_FULL") == "" {
		return part(n)
	}
	return n
}

func part(n int) int { return max(1, n/share) }
