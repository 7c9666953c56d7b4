// Package duration reads durations as Caddy writes them, for libraries that do not import Caddy.
package duration

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

var errText = errors.New("must be a duration such as 14d or 36h")

// Parse reads a text such as 14d, 1d12h or 90m: Go's durations, before which days may stand. What
// does not fit into a time.Duration, some 292 years, is an error. A sign is read as Go reads it.
func Parse(text string) (time.Duration, error) {
	var days time.Duration
	if number, rest, found := strings.Cut(text, "d"); found {
		n, err := time.ParseDuration(number + "h")
		if err != nil || n > math.MaxInt64/24 || n < math.MinInt64/24 {
			return 0, errText
		}
		if days, text = 24*n, rest; text == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(text)
	if sum := days + d; err == nil && (sum < days) == (d < 0) {
		return sum, nil
	}
	return 0, errText
}

// ParseJSON reads a duration out of a JSON configuration: a number of nanoseconds, or a text that
// Parse reads.
func ParseJSON(raw []byte) (d time.Duration, err error) {
	if len(raw) == 0 || raw[0] != '"' {
		if json.Unmarshal(raw, &d) != nil {
			return 0, errText
		}
		return d, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return 0, err
	}
	return Parse(text)
}

// Text writes a duration in the greatest unit that leaves no rest: 14d, 36h, 90m.
func Text(d time.Duration) string {
	switch day := 24 * time.Hour; {
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
