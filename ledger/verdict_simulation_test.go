package ledger_test

import (
	"testing"

	"github.com/caddy-checkout/checkout/internal/testsize"
)

// each plays shops side by side.
func each(t *testing.T, shops []shop, check func(t *testing.T, n int, m measured)) {
	for _, s := range shops {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			n := testsize.Long(10_000)
			m := s.measure(n)
			t.Logf("%d experiments: %.2f%% shown, %.2f%% with a verdict (%.2f%% better, %.2f%% at "+
				"the last look), %.2f%% missed, z-test %.2f%%",
				n, m.shown, m.verdicts, m.better, m.betterAtLast, m.missed, m.zTest)
			check(t, n, m)
		})
	}
}

// TestSimulationOfEqualVariants counts the verdicts that are none.
func TestSimulationOfEqualVariants(t *testing.T) {
	third := []float64{0.3334, 0.3333, 0.3333}
	each(t, []shop{
		{name: "rate 0.5%", shares: half, rates: same(0.005, 2), perLook: 2000},
		{name: "rate 5%", shares: half, rates: same(0.05, 2), perLook: 1200},
		{name: "rate 50%", shares: half, rates: same(0.5, 2), perLook: 200},
		{
			name: "rate 5%, refunds", shares: half, rates: same(0.05, 2),
			perLook: 1200, refunds: 0.005,
		},
		{name: "rate 5%, three", shares: third, rates: same(0.05, 3), perLook: 1200},
		{
			name: "rate 0.5%, 95:5", shares: []float64{0.95, 0.05}, rates: same(0.005, 2),
			perLook: 8000,
		},
		{
			name: "money 1", shares: half, rates: same(0.01, 2),
			money: true, sigma: 1, perLook: 1000,
		},
		{
			name: "money 2", shares: half, rates: same(0.01, 2),
			money: true, sigma: 2, perLook: 1000,
		},
		{
			name: "money 1, refunds, three", shares: third, rates: same(0.01, 3),
			money: true, sigma: 1, perLook: 1500, refunds: 0.005,
		},
		{
			name: "money 2, refunds, three", shares: third, rates: same(0.01, 3),
			money: true, sigma: 2, perLook: 1500, refunds: 0.005,
		},
	}, func(t *testing.T, n int, m measured) {
		if m.shown == 0 || m.verdicts > 5+slack(5, n) {
			t.Errorf("%.2f%% were shown, and %.2f%% had a verdict", m.shown, m.verdicts)
		}
	})
}

// TestSimulationOfDailyZTests is the negative control: the same shops, and what is usually done.
func TestSimulationOfDailyZTests(t *testing.T) {
	each(t, []shop{
		{name: "rate 5%", shares: half, rates: same(0.05, 2), perLook: 1200},
		{
			name: "money 1", shares: half, rates: same(0.01, 2),
			money: true, sigma: 1, perLook: 1000,
		},
	}, func(t *testing.T, n int, m measured) {
		if m.zTest <= 15-slack(15, n) {
			t.Errorf("a z-test at every look speaks in %.2f%% only", m.zTest)
		}
	})
}

// TestSimulationOfCoverage counts the intervals that miss the truth where variants differ, in
// amounts, in buyers, in size.
func TestSimulationOfCoverage(t *testing.T) {
	few := []float64{0.95, 0.05}
	each(t, []shop{
		{name: "rate 5% and 6%", shares: half, rates: []float64{0.05, 0.06}, perLook: 1200},
		{name: "rate 0.5% and 1%, 95:5", shares: few, rates: []float64{0.005, 0.01}, perLook: 6000},
		{name: "rate 95% and 99%", shares: half, rates: []float64{0.95, 0.99}, perLook: 200},
		money("money 1, half as much again", half, 1, 1.5, 1000),
		money("money 2, half as much again", half, 2, 1.5, 1000),
		money("money 1, twice", half, 1, 2, 1000),
		money("money 2, twice", half, 2, 2, 1000),
		money("money 1, half", half, 1, 0.5, 1000),
		money("money 2, half", half, 2, 0.5, 1000),
		{
			name: "money 1, of one buyer in 20", shares: half, rates: same(0.01, 2),
			money: true, sigma: 1, prices: []float64{1, 1.5}, perLook: 1000, foreign: 0.95,
		},
		{
			name: "money 1, of one buyer in 20, 95:5", shares: few, rates: same(0.01, 2),
			money: true, sigma: 1, prices: []float64{1, 1.5}, perLook: 5000, foreign: 0.95,
		},
		money("money 1, 95:5", few, 1, 1.2, 5000),
		money("money 2, 95:5", few, 2, 1.2, 5000),
		money("money 1, 5:95", []float64{0.05, 0.95}, 1, 0.8, 5000),
		money("money 2, 5:95", []float64{0.05, 0.95}, 2, 0.8, 5000),
	}, func(t *testing.T, n int, m measured) {
		if m.shown == 0 || m.missed > 5+slack(5, n) {
			t.Errorf("%.2f%% were shown, and %.2f%% missed", m.shown, m.missed)
		}
	})
}

// TestSimulationOfATrueDifference counts the experiments that find what is there.
func TestSimulationOfATrueDifference(t *testing.T) {
	each(t, []shop{
		{name: "rate 5% and 6%", shares: half, rates: []float64{0.05, 0.06}, perLook: 1200},
	}, func(t *testing.T, n int, m measured) {
		if m.better < 80-slack(80, n) {
			t.Errorf("found in %.2f%%", m.better)
		}
	})
}
