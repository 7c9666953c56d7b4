//go:build race

package linkgen_test

// raceEnabled says that tests of a million steps take a hundredth.
const raceEnabled = true
