package linkgen_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// play starts the sandbox as a real server and returns a harness that calls it.
func play(t testing.TB, change ...func(*linkgen.Config)) (*harness, *sandbox.Sandbox) {
	t.Helper()
	stand := sandbox.New(sandbox.Config{PublicURL: "https://pay.example.com"})
	server := httptest.NewServer(stand)
	t.Cleanup(server.Close)
	sandboxKeys := func(c *linkgen.Config) {
		c.Projects[0].AccessKey = sandbox.DefaultAccessKey
		c.Projects[0].AccessSecret = sandbox.DefaultAccessSecret
		c.Projects[0].ApplicationKey = sandbox.DefaultApplicationKey
	}
	s := set(t, append([]func(*linkgen.Config){at(server.URL), sandboxKeys}, change...)...)
	t.Cleanup(func() { s.g.Close() })
	return s, stand
}

// The sandbox holds calls to Zotlo's rules, and was written without a look at this package.
func TestAgainstTheSandbox(t *testing.T) {
	s, stand := play(t)
	r, err := s.g.Link(t.Context(), full())
	if err != nil {
		t.Fatal(err, cause(err))
	}
	link, ok := stand.Link(r.URL)
	if !ok || link.SubscriberID != "ada@example.com" || link.CustomPrice != "14.99" || link.SubscriberIPAddress != "203.0.113.7" {
		t.Errorf("Zotlo understood %+v", link)
	}
	if diff := cmp.Diff(map[string]any{"appsflyer_id": "af-1"}, link.CustomParameters["mmp"]); diff != "" {
		t.Error(diff)
	}
	if _, err := s.g.Link(t.Context(), orderOf("")); err != nil {
		t.Errorf("a guest: %v", cause(err))
	}
	for name, c := range map[string]struct {
		fault sandbox.Fault
		want  linkgen.Reason
	}{
		"server error":      {sandbox.ServerError(), linkgen.Unavailable},
		"subscriber":        {sandbox.BadRequest(sandbox.CodeSubscriberID), linkgen.Refused},
		"error in a 200":    {sandbox.ErrorInside200(400009), linkgen.Refused},
		"500000 in a 200":   {sandbox.ErrorInside200(500000), linkgen.Unavailable},
		"cut off":           {sandbox.CutOff(), linkgen.Unavailable},
		"reset":             {sandbox.Reset(), linkgen.Unavailable},
		"not JSON":          {sandbox.NotJSON(), linkgen.Refused},
		"redirect":          {sandbox.Redirect("https://evil.example/"), linkgen.Refused},
		"huge":              {sandbox.Huge(100_000), linkgen.Refused},
		"javascript":        {sandbox.WrongLink("javascript:alert(1)"), linkgen.UntrustedLink},
		"rate limit":        {sandbox.RateLimited("60"), linkgen.Throttled},
		"wrong credentials": {sandbox.BadCredentials(), linkgen.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			s, stand := play(t)
			stand.Fail(c.fault)
			s.refused("ada@example.com", c.want)
		})
	}
}

func TestManyUsersOverRealHTTP(t *testing.T) {
	const users, most = 1000, 100
	s, stand := play(t, limits(linkgen.Limits{MaxInFlight: most, Wait: time.Minute, Timeout: time.Minute}))
	stand.Fail(sandbox.Latency(10 * time.Millisecond))
	var wg sync.WaitGroup
	for i := range users {
		wg.Go(func() {
			if _, err := s.g.Link(t.Context(), orderOf(fmt.Sprintf("user%d@example.com", i))); err != nil {
				t.Errorf("user %d: %v (%v)", i, err, cause(err))
			}
		})
	}
	wg.Wait()
	if n := stand.Calls(); n != users {
		t.Errorf("%d calls for %d users", n, users)
	}
	if n := stand.MaxInFlight(); n > most {
		t.Errorf("%d calls at once", n)
	}
}

// A million answers to users who share everything: cache, pools, flights, limits, reloads. Each
// must be their own.
func TestIsolation(t *testing.T) {
	answers, users := 1_000_000, 3000
	if testing.Short() {
		answers = 100_000
	}
	if raceEnabled {
		answers = 10_000
	}
	s := set(t)
	s.memory.SetMaxLinks(users - 20) // so that some always miss
	ids := make([]string, users)
	subjects := make([]linkgen.SubscriberHash, users)
	for i := range ids {
		ids[i] = fmt.Sprintf("user%d@example.com", i)
		subjects[i] = s.g.SubscriberHash(ids[i])
	}
	var g atomic.Pointer[generator]
	g.Store(s.g)
	const workers = 16
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for n := range answers / workers {
				i := r.IntN(users)
				got, err := g.Load().Link(context.Background(), orderOf(ids[i]))
				if err != nil || !strings.HasPrefix(got.URL, "https://pay.example.com/"+ids[i]+"/") {
					t.Errorf("user %d got %q, %v", i, got.URL, err)
					return
				}
				if n%1000 == 0 {
					g.Load().Forget(context.Background(), subjects[i])
				}
				if w == 0 && n%10_000 == 0 {
					next, err := newGenerator(s.cfg)
					if err != nil {
						t.Error(err)
						return
					}
					g.Store(next)
				}
			}
		})
	}
	wg.Wait()
}

// Two hundred reloads while shoppers click: no failure, and nothing left of the old generators.
func TestReloadsLeaveNothingBehind(t *testing.T) {
	var open atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, good)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		default: // neither opened nor closed
		}
	}
	server.Start()
	before := goleak.IgnoreCurrent()
	s := set(t, at(server.URL), noLimits)
	var g atomic.Pointer[generator]
	g.Store(s.g)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := g.Load().Link(context.Background(), orderOf(fmt.Sprint(w, n/2))); err != nil {
					t.Errorf("%v (%v)", err, cause(err))
					return
				}
			}
		})
	}
	for range 200 {
		next, err := newGenerator(s.cfg) // with a transport of its own
		if err != nil {
			t.Fatal(err)
		}
		g.Swap(next).Close()
		for range 3 {
			if _, err := next.Link(context.Background(), orderOf("")); err != nil {
				t.Fatal(err, cause(err))
			}
		}
	}
	close(stop)
	wg.Wait()
	g.Load().Close()
	s.memory.Close()
	server.Close() // waits for its connections
	if n := open.Load(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	goleak.VerifyNone(t, before)
}
