package money

import (
	"math/big"
	"strings"
)

// sharePlaces are the decimals of a percentage of an amount: four of the amount, and four of
// hundredths of a percent.
const sharePlaces = places + 4

// Share sums percentages of amounts exactly: nothing is rounded before it is paid out. The zero
// Share is nothing.
type Share struct{ sum big.Int }

// Add adds hundredths of a percent of an amount: 1250 are 12.5 %.
func (s *Share) Add(of Amount, hundredths int) {
	part := new(big.Int).Mul(big.NewInt(int64(of)), big.NewInt(int64(hundredths)))
	s.sum.Add(&s.sum, part)
}

// String is the sum as decimal text, with as many decimals as it needs and two at least.
func (s *Share) String() string {
	text := new(big.Int).Abs(&s.sum).String()
	if missing := sharePlaces + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	whole, fraction := text[:len(text)-sharePlaces], text[len(text)-sharePlaces:]
	for len(fraction) > 2 && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if s.sum.Sign() < 0 {
		whole = "-" + whole
	}
	return whole + "." + fraction
}
