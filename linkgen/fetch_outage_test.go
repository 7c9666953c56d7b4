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
func inBubble(t *testing.T, story func(t *testing.T, s *harness), change ...func(*linkgen.Config)) {
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
			inBubble(t, func(t *testing.T, s *harness) {
				s.api.does(c.fails)
				s.refused("ada", c.want)
				s.apiCalls(c.calls)
			})
			if c.calls == 1 {
				return
			}
			inBubble(t, func(t *testing.T, s *harness) {
				s.api.once(c.fails)
				s.hit("ada", linkgen.FromAPI)
				s.apiCalls(2)
			})
		})
	}
}

func TestRetryStaysWithinTheDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
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

// An outage of ten minutes, with a shopper every 100 ms, most of them new.
func TestOutage(t *testing.T) {
	for name, fails := range map[string]func(*http.Request, string) (*http.Response, error){
		"500":               says(500, errorBody(500000)),
		"broken connection": breaks,
		"no answer":         nil,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *harness) { outage(t, s, fails) }, func(c *linkgen.Config) { c.TTL = 20 * time.Minute })
		})
	}
}

func outage(t *testing.T, s *harness, fails func(*http.Request, string) (*http.Response, error)) {
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
	inBubble(t, func(t *testing.T, s *harness) {
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

// One probe at a time: the others are told to come back, and a 429 or a bug during the probe
// decides nothing.
func TestProbe(t *testing.T) {
	inBubble(t, func(t *testing.T, s *harness) {
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
