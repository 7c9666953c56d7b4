package linkgen_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

// inBubble runs a story in virtual time, with a cache that is closed at its end.
func inBubble(t *testing.T, story func(t *testing.T, s *stage), change ...func(*linkgen.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := set(t, change...)
		story(t, s)
		s.memory.Close()
	})
}

// once makes the API answer so one time, and well afterwards.
func (a *api) once(answer func(*http.Request, string) (*http.Response, error)) {
	a.does(func(r *http.Request, id string) (*http.Response, error) {
		a.does(nil)
		return answer(r, id)
	})
}

func TestOneRetry(t *testing.T) {
	for name, c := range map[string]struct {
		fails func(*http.Request, string) (*http.Response, error)
		calls int64
		want  linkgen.Reason // when it fails again
	}{
		"broken connection": {breaks, 2, linkgen.Unavailable},
		"500":               {says(500, "", "Retry-After", "3600"), 2, linkgen.Unavailable},
		"500000 in a 200":   {says(200, errorBody(500000)), 2, linkgen.Unavailable},
		"400":               {says(400, errorBody(400008)), 1, linkgen.Refused},
		"401002":            {says(401, errorBody(401002)), 1, linkgen.Refused},
		"302":               {says(302, ""), 1, linkgen.Refused},
		"a bad link":        {says(200, `{"result":{"onelink":"ftp://x"}}`), 1, linkgen.UntrustedLink},
		"not JSON":          {says(200, "<h1>"), 1, linkgen.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.api.does(c.fails)
				s.refused("ada", c.want)
				s.apiCalls(c.calls)
			})
			if c.calls == 1 {
				return
			}
			inBubble(t, func(t *testing.T, s *stage) {
				s.api.once(c.fails)
				s.hit("ada", linkgen.FromAPI)
				s.apiCalls(2)
			})
		})
	}
}

func TestRetryStaysWithinTheDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.api.takes(950 * time.Millisecond)
		s.api.does(breaks)
		start := time.Now()
		s.refused("ada", linkgen.Unavailable)
		s.apiCalls(1)
		s.api.takes(time.Hour)
		s.refused("bob", linkgen.Timeout)
		if took := time.Since(start); took != 1950*time.Millisecond {
			t.Errorf("took %v", took)
		}
	}, limits(linkgen.Limits{Timeout: time.Second}))
}

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
			inBubble(t, func(t *testing.T, s *stage) { // a bubble begins at 2000-01-01T00:00:00Z
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
	inBubble(t, func(t *testing.T, s *stage) {
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
	inBubble(t, func(t *testing.T, s *stage) {
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
	inBubble(t, func(t *testing.T, s *stage) {
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
	inBubble(t, func(t *testing.T, s *stage) {
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
		inBubble(t, func(t *testing.T, s *stage) {
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
	inBubble(t, func(t *testing.T, s *stage) {
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
		for i := range 100 { // whoever asks for what cannot be does not close the shop for others
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

// An outage of ten minutes, with a shopper every 100 ms, most of them new.
func TestOutage(t *testing.T) {
	for name, fails := range map[string]func(*http.Request, string) (*http.Response, error){
		"500":               says(500, errorBody(500000)),
		"broken connection": breaks,
		"no answer":         nil,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) { outage(t, s, fails) }, func(c *linkgen.Config) { c.TTL = 20 * time.Minute })
		})
	}
}

func outage(t *testing.T, s *stage, fails func(*http.Request, string) (*http.Response, error)) {
	const minutes = 10
	s.api.takes(200 * time.Millisecond)
	s.hit("early", linkgen.FromAPI)
	s.api.does(fails)
	if fails == nil {
		s.api.takes(time.Hour)
	}
	before := s.api.calls.Load()
	shoppers := int64(0)
	for end := time.Now().Add(minutes * time.Minute); time.Now().Before(end); shoppers++ {
		go s.g.Link(t.Context(), orderOf(fmt.Sprint("user", shoppers)))
		time.Sleep(100 * time.Millisecond)
		if shoppers%100 == 0 {
			s.hit("early", linkgen.FromCache)
		}
	}
	time.Sleep(5 * time.Second) // who still waits
	calls := s.api.calls.Load() - before
	if calls > shoppers*110/100 {
		t.Errorf("%d calls for %d shoppers: amplified", calls, shoppers)
	}
	if calls > minutes*60/4+200 {
		t.Errorf("%d calls in %d minutes: the breaker did not hold them back", calls, minutes)
	}
	s.g.Link(t.Context(), orderOf("probe"))
	if e := s.refused("late", linkgen.Unavailable); e.RetryAfter <= 0 || e.RetryAfter > 5*time.Second {
		t.Errorf("retry after %v", e.RetryAfter)
	}
	s.api.does(nil)
	s.api.takes(200 * time.Millisecond)
	time.Sleep(10*time.Second - time.Millisecond)
	s.hit("first", linkgen.FromAPI)
	s.together(1000, func(i int) linkgen.Order { return orderOf(fmt.Sprint("after", i)) })
	if n := len(s.told.breaker); n < 2 || s.told.breaker[n-1] {
		t.Errorf("the breaker turned %d times and is not closed", n)
	}
}

// With few shoppers there is no breaker to help: the budget must hold retries to a tenth.
func TestRetriesAreATenthOfTheCalls(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		var firsts, failing int64
		for i := range 2000 { // every third call meets a server error
			if failing++; failing%3 == 0 {
				s.api.once(says(502, ""))
			}
			s.g.Link(t.Context(), orderOf(fmt.Sprint("user", i)))
			firsts++
			time.Sleep(20 * time.Second)
		}
		if retries := s.api.calls.Load() - firsts; retries > firsts/10+5 {
			t.Errorf("%d retries of %d calls", retries, firsts)
		}
	})
}

func TestBreakerIsPerProject(t *testing.T) {
	s := set(t, func(c *linkgen.Config) {
		other := c.Projects[0]
		other.Name, other.AccessKey = "partners", "key-2"
		c.Projects = append(c.Projects, other)
	})
	s.api.does(func(r *http.Request, id string) (*http.Response, error) {
		if r.Header.Get("AccessKey") == "key-1" {
			return nil, http.ErrHandlerTimeout
		}
		return goodLink("https://pay.example.com/" + id + "/1"), nil
	})
	for i := range 20 {
		s.refused(fmt.Sprint("user", i), linkgen.Unavailable)
	}
	o := orderOf("ada")
	o.Project = "partners"
	s.hitOrder(o, linkgen.FromAPI)
}

// One probe at a time: the others are told to come back, and a 429 or a bug during the probe decides nothing.
func TestProbe(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.api.does(breaks)
		for i := range 6 {
			s.refused(fmt.Sprint("user", i), linkgen.Unavailable)
		}
		for _, undecided := range []func(*http.Request, string) (*http.Response, error){
			says(429, "", "Retry-After", "1"),
			func(*http.Request, string) (*http.Response, error) { panic("a bug") },
		} {
			time.Sleep(10 * time.Second)
			s.api.does(undecided)
			s.g.Link(t.Context(), orderOf("first"))
		}
		time.Sleep(10 * time.Second)
		s.api.does(nil)
		s.api.takes(time.Second)
		go s.hit("probe", linkgen.FromAPI)
		synctest.Wait()
		if e := s.refused("second", linkgen.Unavailable); e.RetryAfter != time.Second {
			t.Errorf("retry after %v while a probe is out", e.RetryAfter)
		}
		time.Sleep(2 * time.Second)
		s.hit("third", linkgen.FromAPI)
		if !slices.Equal(s.told.breaker, []bool{true, false}) {
			t.Errorf("the breaker turned %v", s.told.breaker)
		}
	})
}
