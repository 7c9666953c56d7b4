package ledger_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/caddy-checkout/checkout/internal/testsize"
	"github.com/caddy-checkout/checkout/ledger"
)

// peopleNeededPage holds the table of how many people are needed.
const peopleNeededPage = "../docs/experiments.md"

// TestTableOfPeopleNeeded holds the table that is printed against the one that follows from
// Compare.
func TestTableOfPeopleNeeded(t *testing.T) {
	page, err := os.ReadFile(peopleNeededPage)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	relative := []float64{0.05, 0.1, 0.2, 0.5, 1}
	table.WriteString("| buyers in the control | +5 % | +10 % | +20 % | +50 % | +100 % |\n")
	table.WriteString("| --- | --- | --- | --- | --- | --- |\n")
	for _, rate := range []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4} {
		fmt.Fprintf(&table, "| %g %%", 100*rate)
		for _, more := range relative {
			fmt.Fprintf(&table, " | %s", thousands(peopleNeeded(rate, more)))
		}
		table.WriteString(" |\n")
	}
	if !strings.Contains(string(page), table.String()) {
		t.Errorf("%s does not hold this table:\n%s", peopleNeededPage, table.String())
	}
}

// TestSimulationOfPeopleNeeded plays cells of the table: at the last look, which is at that number
// of people, the difference is to be found in 80 % of the experiments.
//
// The rule of thumb for money is played too: where purchases are log-normal with σ = 1, and higher
// in the variant, four times the people are needed.
func TestSimulationOfPeopleNeeded(t *testing.T) {
	for _, cell := range []struct {
		rate, more float64
		money      bool
	}{
		{0.005, 0.5, false},
		{0.05, 0.2, false},
		{0.05, 1, false},
		{0.2, 0.1, false},
		{0.4, 0.1, false},
		{0.01, 0.5, true},
		{0.01, 1, true},
	} {
		t.Run(fmt.Sprintf("%g and %g more", cell.rate, cell.more), func(t *testing.T) {
			t.Parallel()
			s := shop{
				shares: half, rates: []float64{cell.rate, cell.rate * (1 + cell.more)},
				perLook: peopleNeeded(cell.rate, cell.more) / looks,
			}
			if cell.money {
				s = money("", half, 1, 1+cell.more, 4*s.perLook)
			}
			n := testsize.Long(10_000)
			m := s.measure(n)
			t.Logf("%d experiments: %.2f%% at the last look, %.2f%% until then",
				n, m.betterAtLast, m.better)
			if m.betterAtLast < 79-slack(80, n) {
				t.Errorf("found in %.2f%%", m.betterAtLast)
			}
		})
	}
}

// peopleNeeded is the number of people, of two variants of equal size together, after which Compare
// says "better" with a chance of 80 % where a share rate of the control's people buy, and more of
// them (0.2 is 20 %) of the variant's. It is rounded up to two digits.
func peopleNeeded(rate, more float64) int {
	for people, step := 1000, 100; ; people += step {
		if people == 100*step {
			step *= 10
		}
		if chanceOfBetter(people/2, rate, rate*(1+more)) >= 0.8 {
			return people
		}
	}
}

// chanceOfBetter is the chance that the gate is open and the interval above zero. It takes the
// estimate for normal, and computes the interval from the counts that are expected.
func chanceOfBetter(each int, control, variant float64) float64 {
	a := ledger.BuyerTally(int64(each), int64(math.Round(float64(each)*control)))
	b := ledger.BuyerTally(int64(each), int64(math.Round(float64(each)*variant)))
	d := ledger.Compare(a, b, 2)
	if d.Verdict == ledger.TooEarly {
		return 0
	}
	buyers := distuv.Binomial{N: float64(each), P: control}
	entered := distuv.Binomial{N: float64(2 * each), P: 0.5}
	gate := (1 - buyers.CDF(49)) * (1 - 2*entered.CDF(499))
	return gate * distuv.UnitNormal.CDF(d.Low/math.Sqrt(plain(a)+plain(b)))
}

// thousands writes 12000 as 12,000.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
