package shoptest

import (
	"regexp"
	"strconv"
	"testing"
)

// Names of metrics that many tests ask for.
const (
	Conversions = "caddy_checkout_conversions_total"
	Webhooks    = "caddy_checkout_webhooks_total"
)

// WantMetric checks a sample's value on the site's /metrics.
func (s *Shop) WantMetric(t *testing.T, series, want string) {
	t.Helper()
	page := s.Click(t, "", "/metrics").Text
	sample := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (.*)$`)
	if got := sample.FindStringSubmatch(page); got == nil || got[1] != want {
		t.Errorf("%s is %q, want %s, in\n%s", series, got, want, page)
	}
}

// Metric sums the series of a name whose labels match a pattern.
func (s *Shop) Metric(t *testing.T, name, labels string) (sum float64) {
	t.Helper()
	page := s.Click(t, "", "/metrics").Text
	sample := regexp.MustCompile(`(?m)^` + name + `\{(.*)\} (\S+)$`)
	for _, m := range sample.FindAllStringSubmatch(page, -1) {
		if !regexp.MustCompile(labels).MatchString(m[1]) {
			continue
		}
		value, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += value
	}
	return sum
}

// WantSum checks the sum of the series of a name whose labels match a pattern.
func (s *Shop) WantSum(t *testing.T, name, labels string, want float64) {
	t.Helper()
	if got := s.Metric(t, name, labels); got != want {
		t.Errorf("%s{%s} is %v, want %v", name, labels, got, want)
	}
}
