package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/internal/money"
)

// moment is an instant for programs and for people.
type moment struct{ Machine, Text string }

// instant says when something was or will be, in the zone that it was written in, and how far that
// is from now.
func instant(now, at time.Time) moment {
	return moment{at.Format(time.RFC3339), clock(at) + " (" + distance(now, at) + ")"}
}

// clock is a day and a time with its zone.
func clock(t time.Time) string {
	zone := "-07:00"
	if _, offset := t.Zone(); offset == 0 {
		zone = "UTC"
	}
	return t.Format("2 Jan 2006, 15:04 " + zone)
}

// distance is how far away an instant is, in the largest unit that makes sense.
func distance(now, at time.Time) string {
	d := at.Sub(now)
	if d >= 0 {
		return "in " + span(d)
	}
	return span(-d) + " ago"
}

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return many(int64(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return many(int64(d/time.Hour), "hour")
	}
	return many(int64(d/(24*time.Hour)), "day")
}

// many is a number and a word for what is counted.
func many(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return whole(n) + " " + word + "s"
}

// things begins the sentence about what should be looked at.
func things(n int) string {
	words := []string{"Nothing needs", "One thing needs", "Two things need", "Three things need"}
	if n < len(words) {
		return words[n]
	}
	return whole(int64(n)) + " things need"
}

// whole groups the digits of a whole number by threes.
func whole(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// grouped puts commas between the thousands of a decimal number.
func grouped(text string) string {
	sign, digits := "", text
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, digits = "−", rest // a minus, not a hyphen: that is read aloud as nothing
	}
	digits, decimals, fraction := strings.Cut(digits, ".")
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if fraction {
		b.WriteString("." + decimals)
	}
	return sign + b.String()
}

// amount is money for people, and Value the same as decimal text.
type amount struct {
	money.Amount
	Currency string
}

func (a amount) Value() string { return a.Amount.String() }

// Text has at least two decimals, as Value has, but none for a currency that has none.
func (a amount) Text() string {
	text := a.Amount.String()
	if money.Decimals(a.Currency) == 0 {
		text = strings.TrimSuffix(text, ".00")
	}
	return grouped(text)
}

// decimal is a figure of the ledger that is decimal text already.
type decimal struct{ Value, Currency string }

func (d decimal) Text() string { return grouped(d.Value) }

// bytesText is a size in the largest unit that makes sense.
func bytesText(n int64) string {
	size, unit := float64(n), "bytes"
	for _, larger := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1024 {
			break
		}
		size, unit = size/1024, larger
	}
	if unit == "bytes" {
		return many(n, "byte")
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}

// dayText is a day such as 2026-11-29 for people.
func dayText(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format("2 Jan")
}

// percent is a place or width in a picture, as SVG writes it: pictures are as wide as the page.
type percent float64

func (p percent) String() string { return strconv.FormatFloat(float64(p), 'f', 2, 64) + "%" }

// more says how many things are not on the page, and where they are.
func more(n int, word, where string) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("And %s that are not shown here: %s.", many(int64(n), word), where)
}
