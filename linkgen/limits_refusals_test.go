package linkgen_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

// crowd are callers who overlap: as many as clicks of one impatient address, or of a busy minute.
const crowd = 64

// TestRefusalsCostNothing turns 8,000,000 clicks away in 15 seconds, always many at once. By a
// limit of 10 a minute 12 may pass in that time, and the next one 3 seconds later: no token is
// lost, and none gained.
func TestRefusalsCostNothing(t *testing.T) {
	tenAMinute := zotlo.Rate{Events: 10, Per: time.Minute}
	none := zotlo.Rate{Events: -1}
	for name, c := range map[string]struct {
		clicks int
		limits linkgen.Limits
		order  func(n int64) linkgen.Order
	}{
		"per_ip": {
			6_000_000,
			linkgen.Limits{PerIP: tenAMinute},
			func(int64) linkgen.Order { return orderOf("") },
		},
		"per_subscriber": {
			1_000_000,
			linkgen.Limits{PerSubscriber: tenAMinute},
			func(n int64) linkgen.Order { // something new each time, so that nothing is shared
				o := orderOf("ada")
				o.Variant = fmt.Sprint(n)
				return o
			},
		},
		"rate": {
			1_000_000,
			linkgen.Limits{Rate: tenAMinute, Wait: time.Millisecond, PerIP: none},
			func(int64) linkgen.Order { return orderOf("") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			if raceEnabled || testing.Short() {
				c.clicks /= 100
			}
			inBubble(t, func(t *testing.T, s *harness) {
				s.turnedAway(t, c.clicks, c.order)
			}, limits(c.limits))
		})
	}
}

func (s *harness) turnedAway(t *testing.T, clicks int, order func(n int64) linkgen.Order) {
	const steps = 150
	var n, served atomic.Int64
	click := func() {
		_, err := s.g.Link(context.Background(), order(n.Add(1)))
		e, refused := errors.AsType[*linkgen.Error](err)
		switch {
		case err == nil:
			served.Add(1)
		case !refused || e.Reason != linkgen.Limited && e.Reason != linkgen.Busy:
			t.Errorf("turned away by %v", err)
		}
	}
	for range steps {
		var all sync.WaitGroup
		for range crowd {
			all.Go(func() {
				for range clicks/steps/crowd + 1 {
					click()
				}
			})
		}
		all.Wait()
		time.Sleep(15 * time.Second / steps)
	}
	if got := served.Load(); got != 12 {
		t.Errorf("%d of %d clicks in 15 s were served by 10/1m, want 12", got, n.Load())
	}
	_, err := s.g.Link(context.Background(), order(n.Add(1)))
	if e, ok := errors.AsType[*linkgen.Error](err); !ok || e.RetryAfter != 3*time.Second {
		t.Errorf("the next one is told %v, want a Retry-After of 3s", err)
		if ok {
			t.Log(e.RetryAfter)
		}
	}
	synctest.Wait()
}

// Anyone who got no link paid nothing of per_subscriber and per_ip, whatever it was that went
// wrong.
func TestNoLinkCostsNothing(t *testing.T) {
	const diesFirst = "a link that died while it was made, and then an outage"
	for name, fail := range map[string]func(t *testing.T, s *harness, id string){
		"busy": func(t *testing.T, s *harness, id string) {
			s.api.takes(4 * time.Second)
			go s.g.Link(t.Context(), orderOf("somebody else"))
			synctest.Wait()
			s.refused(id, linkgen.Busy)
			time.Sleep(4 * time.Second)
			s.api.takes(0)
		},
		"an outage": func(_ *testing.T, s *harness, id string) {
			s.api.does(says(500, ""))
			s.refused(id, linkgen.Unavailable)
		},
		"a 429": func(_ *testing.T, s *harness, id string) {
			s.api.does(says(429, ""))
			s.refused(id, linkgen.Throttled)
			time.Sleep(time.Second)
		},
		"a refusal": func(_ *testing.T, s *harness, id string) {
			s.api.does(says(400, errorBody("400008")))
			s.refused(id, linkgen.Refused)
			time.Sleep(61 * time.Second)
		},
		"a link to ourselves": func(_ *testing.T, s *harness, id string) {
			s.refusedFrom(orderOf(id), "pay.example.com", linkgen.UntrustedLink)
		},
		"a panic": func(_ *testing.T, s *harness, id string) {
			s.api.does(func(*http.Request, string) (*http.Response, error) { panic("a bug") })
			s.refused(id, linkgen.Panicked)
		},
		diesFirst: func(_ *testing.T, s *harness, id string) {
			if id == "" {
				return // a guest's links are not forgotten
			}
			s.api.does(func(_ *http.Request, id string) (*http.Response, error) {
				s.forget(id)
				s.api.does(says(500, ""))
				return goodLink("https://pay.example.com/" + id + "/dead"), nil
			})
			s.refused(id, linkgen.Unavailable)
		},
	} {
		links := 1
		if name == diesFirst {
			links = 2 // that are made at once
		}
		perHour := zotlo.Rate{Events: links, Per: time.Duration(links) * time.Hour}
		for _, id := range []string{"ada", ""} {
			t.Run(name+" "+id, func(t *testing.T) {
				inBubble(t, func(t *testing.T, s *harness) {
					fail(t, s, id)
					s.api.does(nil)
					for range links {
						s.hit(id, linkgen.FromAPI)
						s.forget("ada")
					}
					s.refused(id, linkgen.Limited) // the links were paid for
				}, limits(linkgen.Limits{
					PerSubscriber: perHour, PerIP: perHour, MaxInFlight: 1, Wait: time.Second,
				}))
			})
		}
	}
}

// rate pays for every call that goes out, retries included, whatever comes of it, and for no other.
func TestRatePaysForEveryCall(t *testing.T) {
	for name, c := range map[string]struct {
		rate  int
		calls int64
		story func(t *testing.T, s *harness)
	}{
		"a retry is a call": {2, 2, func(_ *testing.T, s *harness) {
			s.api.once(says(500, ""))
			s.hit("ada", linkgen.FromAPI)
		}},
		"a retry without a token does not go out": {1, 1, func(_ *testing.T, s *harness) {
			s.api.once(says(500, ""))
			s.refused("ada", linkgen.Unavailable)
		}},
		"a call that fails is a call": {1, 1, func(_ *testing.T, s *harness) {
			s.api.once(says(400, errorBody("400008")))
			s.refused("ada", linkgen.Refused)
		}},
		"a call without a place is none": {2, 2, func(t *testing.T, s *harness) {
			s.api.takes(3 * time.Second)
			go s.g.Link(t.Context(), orderOf("somebody"))
			synctest.Wait()
			s.refused("ada", linkgen.Busy)
			time.Sleep(3 * time.Second)
			s.api.takes(0)
			s.hit("ada", linkgen.FromAPI)
		}},
		"a call that a pause stops is none": {2, 2, func(t *testing.T, s *harness) {
			s.api.takes(500 * time.Millisecond)
			s.api.once(says(429, "", "Retry-After", "30"))
			go s.g.Link(t.Context(), orderOf("somebody"))
			synctest.Wait()
			s.refused("ada", linkgen.Throttled) // had a turn, and then no call
			time.Sleep(30 * time.Second)
			s.api.takes(0)
			s.hit("ada", linkgen.FromAPI)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *harness) {
				c.story(t, s)
				s.refused("last", linkgen.Busy)
				s.apiCalls(c.calls)
			}, limits(linkgen.Limits{
				Rate:        zotlo.Rate{Events: c.rate, Per: 24 * time.Hour},
				MaxInFlight: 1, Wait: time.Second,
			}))
		})
	}
}
