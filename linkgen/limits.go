package linkgen

import (
	"errors"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

// Limits protect the API and the shopper's patience. Zero fields mean the defaults.
//
// Cached links and those who wait for somebody else's call pass no limit. PerSubscriber and PerIP
// count the links that were made, and those that are being made: anyone who got no link paid
// nothing. Rate counts every call that went out, retries included, whatever came of it. Nobody who
// is turned away makes the next one wait longer. With a Config.Pacer, Rate is that of all processes
// together; all else counts per process.
type Limits struct {
	Timeout       time.Duration // a whole API call with its one retry; default 4 s
	MaxInFlight   int           // API calls at once, over all projects; default 64
	Wait          time.Duration // how long a shopper waits for one; default 5 s
	Rate          zotlo.Rate    // calls per project; default none
	PerSubscriber zotlo.Rate    // links made for one subscriber; default 10 per minute
	PerIP         zotlo.Rate    // guest links for one address, IPv6 by /64; default 10 per minute
}

// defaultLimits are the limits of a Config that says nothing.
var defaultLimits = Limits{
	Timeout:       4 * time.Second,
	MaxInFlight:   64,
	Wait:          5 * time.Second,
	PerSubscriber: zotlo.Rate{Events: 10, Per: time.Minute},
	PerIP:         zotlo.Rate{Events: 10, Per: time.Minute},
}

// Check says what is wrong with the limits: a negative time or number, or a rate without the time
// it is for. Its errors name the option of the Caddyfile.
func (l Limits) Check() error {
	if l.Timeout < 0 || l.MaxInFlight < 0 || l.Wait < 0 {
		return errors.New("limits: timeout, wait and max_in_flight must not be negative; " +
			"leave one out for its default")
	}
	for _, r := range []struct {
		option string
		rate   zotlo.Rate
	}{{"rate", l.Rate}, {"per_subscriber", l.PerSubscriber}, {"per_ip", l.PerIP}} {
		if r.rate.Limited() && r.rate.Per <= 0 {
			return fmt.Errorf("%s: %d events need a duration; write for example 10/1m",
				r.option, r.rate.Events)
		}
	}
	return nil
}

// withDefaults fills in what is zero. Rate has no default: without one, calls are not counted.
func (l Limits) withDefaults() Limits {
	if l.Timeout == 0 {
		l.Timeout = defaultLimits.Timeout
	}
	if l.MaxInFlight == 0 {
		l.MaxInFlight = defaultLimits.MaxInFlight
	}
	if l.Wait == 0 {
		l.Wait = defaultLimits.Wait
	}
	if l.PerSubscriber == (zotlo.Rate{}) {
		l.PerSubscriber = defaultLimits.PerSubscriber
	}
	if l.PerIP == (zotlo.Rate{}) {
		l.PerIP = defaultLimits.PerIP
	}
	return l
}
