//go:build !race

package linkgen_test

const raceEnabled = false
