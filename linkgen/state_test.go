package linkgen_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/zotlo"
)

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":                              time.Second,
		"0":                             time.Second,
		"-1":                            time.Second,
		"5":                             5 * time.Second,
		" 7 ":                           7 * time.Second,
		"1000000000":                    time.Minute,
		"99999999999999999999999":       time.Minute,
		"2.5":                           time.Second,
		"soon":                          time.Second,
		"Sat, 01 Jan 2000 00:00:30 GMT": 30 * time.Second,
		"Sat, 01 Jan 2000 09:00:00 GMT": time.Minute,
		"Fri, 31 Dec 1999 00:00:00 GMT": time.Second,
	} {
		t.Run(header, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *harness) { // a bubble begins at 2000-01-01T00:00:00Z
				s.api.does(says(429, "", "Retry-After", header))
				e := s.refused("ada", linkgen.Throttled)
				if e.RetryAfter != want {
					t.Errorf("paused for %v, want %v", e.RetryAfter, want)
				}
			}, limits(linkgen.Limits{Timeout: time.Second})) // no time for a retry
		})
	}
}

func TestPauseAfter429(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.hit("eve", linkgen.FromAPI)
		s.api.once(says(429, errorBody(429001), "Retry-After", "10"))
		if e := s.refused("ada", linkgen.Throttled); e.Code != "429001" || e.RequestID != "r-2" || e.Status != 429 {
			t.Errorf("the error says %+v", e)
		}
		time.Sleep(4 * time.Second)
		if e := s.refused("bob", linkgen.Throttled); e.RetryAfter != 6*time.Second {
			t.Errorf("retry after %v, want what is left of the pause", e.RetryAfter)
		}
		s.hit("eve", linkgen.FromCache)
		s.apiCalls(2)
		time.Sleep(6 * time.Second)
		s.hit("bob", linkgen.FromAPI)
		if !slices.Equal(s.told.paused, []string{"429"}) {
			t.Errorf("told of pauses %v, want one", s.told.paused)
		}
	})
}

func TestLongerPauseStays(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(100 * time.Millisecond)
		s.api.does(says(429, "", "Retry-After", "60"))
		go s.g.Link(t.Context(), orderOf("ada"))
		time.Sleep(50 * time.Millisecond)
		s.api.does(says(429, "", "Retry-After", "5"))
		go s.g.Link(t.Context(), orderOf("bob")) // under way when the pause begins
		time.Sleep(40 * time.Second)
		s.refused("eve", linkgen.Throttled)
		s.apiCalls(2)
	})
}

func TestRetryAfterA429ThatIsSoonOver(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.once(says(429, "", "Retry-After", "2"))
		start := time.Now()
		s.hit("ada", linkgen.FromAPI)
		if took := time.Since(start); took < 2*time.Second || took > 2200*time.Millisecond {
			t.Errorf("took %v", took)
		}
		s.apiCalls(2)
	})
}

// A storm of 429: every call is refused while shoppers keep coming.
func TestStormOf429(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.takes(50 * time.Millisecond)
		s.api.does(says(429, "", "Retry-After", "1"))
		const seconds, perSecond = 60, 20
		for i := range seconds * perSecond {
			go s.g.Link(t.Context(), orderOf(fmt.Sprint("user", i)))
			time.Sleep(time.Second / perSecond)
		}
		time.Sleep(time.Minute)
		if calls := s.api.calls.Load(); calls > 2*seconds {
			t.Errorf("%d calls in %d seconds of pauses of a second", calls, seconds)
		}
		s.api.does(nil)
		s.hit("ada", linkgen.FromAPI)
	})
}

func TestWrongKeysPauseTheProject(t *testing.T) {
	for _, code := range []int{401002, 404001} {
		inBubble(t, func(t *testing.T, s *harness) {
			s.api.does(says(400, errorBody(code)))
			for i := range 100 {
				if e := s.refused(fmt.Sprint("user", i), linkgen.Refused); e.Code != fmt.Sprint(code) {
					t.Errorf("code %q", e.Code)
				}
			}
			s.apiCalls(1)
			time.Sleep(30 * time.Second)
			s.refused("ada", linkgen.Refused)
			s.refused("bob", linkgen.Refused)
			s.apiCalls(2) // the probe
			s.api.does(nil)
			time.Sleep(30 * time.Second)
			s.hit("ada", linkgen.FromAPI)
			s.hit("bob", linkgen.FromAPI)
			if !slices.Equal(s.told.paused, []string{fmt.Sprint(code)}) {
				t.Errorf("told of pauses %v, want one", s.told.paused)
			}
		})
	}
}

func TestCorrectedSecretWorksAtOnce(t *testing.T) {
	s := set(t)
	s.api.does(func(r *http.Request, id string) (*http.Response, error) {
		if r.Header.Get("AccessSecret") != "right" {
			return response(401, errorBody(401002)), nil
		}
		return goodLink("https://pay.example.com/" + id + "/"), nil
	})
	s.refused("ada", linkgen.Refused)
	s.reload(func(c *linkgen.Config) { c.Projects[0].AccessSecret = "right" })
	s.hit("ada", linkgen.FromAPI)
}

func TestRefusalIsRememberedForItsOrderAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
		s.api.does(func(_ *http.Request, id string) (*http.Response, error) {
			if id == "bad" {
				return response(400, errorBody(400008)), nil
			}
			return goodLink("https://pay.example.com/" + id + "/1"), nil
		})
		for range 50 {
			if e := s.refused("bad", linkgen.Refused); e.Code != "400008" || e.Status != 400 {
				t.Fatalf("the error says %+v", e)
			}
		}
		s.apiCalls(1)
		s.hit("ada", linkgen.FromAPI)
		for i := range 100 { // a caller that asks for what cannot be does not close the shop for others
			s.refused("bad", linkgen.Refused)
			s.hit(fmt.Sprint("user", i), linkgen.FromAPI)
		}
		time.Sleep(61 * time.Second)
		s.refused("bad", linkgen.Refused)
		s.apiCalls(103)
		if len(s.told.breaker) != 0 {
			t.Errorf("the breaker turned: %v", s.told.breaker)
		}
	})
}

func TestManyRefusalsDoNotOpenTheBreaker(t *testing.T) {
	s := set(t)
	s.api.does(says(400, errorBody(400008)))
	for i := range 200 {
		s.refused(fmt.Sprint("user", i), linkgen.Refused)
	}
	s.api.does(nil)
	s.hit("ada", linkgen.FromAPI)
}

// A bare 401 or 404 says nothing of the keys where they were good a moment ago: it is about the
// order.
func TestOneOrderDoesNotStopAProject(t *testing.T) {
	for _, status := range []int{401, 404} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *harness) {
				s.hit("ada", linkgen.FromAPI)
				time.Sleep(59 * time.Second)
				s.api.once(says(status, ""))
				s.refused("bob", linkgen.Refused)
				if len(s.told.paused) != 0 {
					t.Errorf("paused: %v", s.told.paused)
				}
				s.refused("bob", linkgen.Refused) // remembered
				s.hit("carl", linkgen.FromAPI)
				s.apiCalls(3)
				if n := s.told.results[zotlo.ResultRefused]; n != 1 {
					t.Errorf("the calls ended in %v", s.told.results)
				}

				s.api.does(says(status, errorBody(map[int]int{401: 401002, 404: 404001}[status])))
				s.refused("dan", linkgen.Refused) // the code says that it is the keys, or the address
				s.refused("eve", linkgen.Refused)
				s.apiCalls(4)
			})
			inBubble(t, func(t *testing.T, s *harness) {
				s.hit("ada", linkgen.FromAPI)
				time.Sleep(61 * time.Second)
				s.api.does(says(status, ""))
				s.refused("bob", linkgen.Refused)
				s.refused("carl", linkgen.Refused) // the project is paused
				s.apiCalls(2)
			})
		})
	}
}
