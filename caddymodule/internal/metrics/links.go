package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-checkout/checkout/linkgen"
)

// LinkCounters are a campaign's series for links handed out, looked up once instead of on every
// click.
type LinkCounters struct {
	answers map[string]prometheus.Counter
	sources map[linkgen.Source]sourceCounters
}

type sourceCounters struct {
	links    prometheus.Counter
	duration prometheus.Observer
}

// NewLinkCounters looks the series of a campaign up. outcome and answers are label values: how a
// click is counted that got a link, and as what it got it.
func NewLinkCounters(campaign, outcome string, answers ...string) LinkCounters {
	c := LinkCounters{
		answers: make(map[string]prometheus.Counter, len(answers)),
		sources: make(map[linkgen.Source]sourceCounters),
	}
	for _, answer := range answers {
		c.answers[answer] = Requests.WithLabelValues(campaign, outcome, answer)
	}
	sources := []linkgen.Source{linkgen.FromCache, linkgen.FromAPI, linkgen.FromShared}
	for _, source := range sources {
		c.sources[source] = sourceCounters{
			links:    Links.WithLabelValues(campaign, string(source)),
			duration: RequestDuration.WithLabelValues(string(source)),
		}
	}
	return c
}

// HandedOut counts one link.
func (c LinkCounters) HandedOut(answer string, source linkgen.Source, took time.Duration) {
	c.answers[answer].Inc()
	s := c.sources[source]
	s.links.Inc()
	s.duration.Observe(took.Seconds())
}
