package sandbox

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// The lengths that a product has where nothing else is said.
const (
	defaultPeriod = "1 month"
	defaultTrial  = "7 days"
)

// period is how long a payment lasts.
type period struct{ years, months, days int }

// errPeriod says what a period looks like.
var errPeriod = errors.New("must be a number of days, weeks, months or years, such as 1 month")

// maxPeriod bounds the number in a period.
const maxPeriod = 1000

// parsePeriod reads texts such as "1 month", "month", "7 days" and "2 weeks".
func parsePeriod(text string) (period, error) {
	count, unit, two := strings.Cut(strings.TrimSpace(text), " ")
	if !two {
		count, unit = "1", count
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > maxPeriod {
		return period{}, errPeriod
	}
	switch strings.TrimSuffix(strings.TrimSpace(unit), "s") {
	case "day":
		return period{days: n}, nil
	case "week":
		return period{days: 7 * n}, nil
	case "month":
		return period{months: n}, nil
	case "year":
		return period{years: n}, nil
	}
	return period{}, errPeriod
}

// after is the end of a period that begins at t, counted in calendar days: a
// month from the 31st is the 1st or later.
func (p period) after(t time.Time) time.Time { return t.AddDate(p.years, p.months, p.days) }

// perPeriod says for a reader how often something is charged.
func perPeriod(text string) string {
	count, unit, two := strings.Cut(strings.TrimSpace(text), " ")
	switch {
	case !two:
		return "per " + count
	case count == "1":
		return "per " + strings.TrimSuffix(unit, "s")
	}
	return "every " + text
}
