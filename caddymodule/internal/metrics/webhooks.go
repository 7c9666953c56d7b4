package metrics

import (
	"sync"
	"time"
)

// Started is when this process began to count.
var Started = time.Now()

// lastHeard is when a webhook of each type and result came last. A scrape knows how many came, and
// not when; somebody who looks once a day asks for the instant.
var lastHeard sync.Map // [2]string → time.Time

// HeardWebhook counts a webhook. Both values are of closed sets.
func HeardWebhook(kind, result string) {
	Webhooks.WithLabelValues(kind, result).Inc()
	lastHeard.Store([2]string{kind, result}, time.Now())
}

// HeardLast is when the last webhook of that type and result came; zero before the first.
func HeardLast(kind, result string) time.Time {
	at, _ := lastHeard.Load([2]string{kind, result})
	last, _ := at.(time.Time)
	return last
}
