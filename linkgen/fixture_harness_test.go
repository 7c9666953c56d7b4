package linkgen_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/zotlo"
)

// harness is a generator with its cache and an API that does what the test says. The API's links
// name whom they are for.
type harness struct {
	t      testing.TB
	g      *generator
	cfg    linkgen.Config
	memory *memorycache.Cache
	api    *api
	told   *told
}

// api is a stand-in in memory. The sandbox plays Zotlo in the tests that ask for its rules; this
// one is for those that need a million answers, or a wrong one.
type api struct {
	mu       sync.Mutex
	answer   func(r *http.Request, subscriber string) (*http.Response, error) // nil: a good link
	delay    time.Duration
	calls    atomic.Int64
	inFlight atomic.Int64
	most     atomic.Int64
}

func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	n := a.calls.Add(1)
	now := a.inFlight.Add(1)
	for most := a.most.Load(); now > most && !a.most.CompareAndSwap(most, now); most = a.most.Load() {
	}
	defer a.inFlight.Add(-1)
	a.mu.Lock()
	answer, delay := a.answer, a.delay
	a.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	var body struct{ SubscriberID string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	if answer != nil {
		return answer(r, body.SubscriberID)
	}
	return goodLink(fmt.Sprintf("https://pay.example.com/%s/%d", body.SubscriberID, n)), nil
}

// does makes the API answer so from now on; nil means good links.
func (a *api) does(answer func(*http.Request, string) (*http.Response, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

func (a *api) takes(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.delay = d
}

// says is an answer of the API.
func says(status int, body string, header ...string) func(*http.Request, string) (*http.Response, error) {
	return func(*http.Request, string) (*http.Response, error) { return response(status, body, header...), nil }
}

func breaks(*http.Request, string) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func response(status int, body string, header ...string) *http.Response {
	h := make(http.Header)
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func goodLink(link string) *http.Response {
	return response(http.StatusOK, fmt.Sprintf(`{"meta":{"requestId":"r-1","httpStatus":200},"result":{"onelink":%q}}`, link))
}

func errorBody(code any) string {
	text, _ := json.Marshal(code)
	return fmt.Sprintf(`{"meta":{"requestId":"r-2","httpStatus":400,"errorMessage":"private words","errorCode":%s},"result":[]}`, text)
}

// told is what the hooks were told.
type told struct {
	mu       sync.Mutex
	results  map[string]int
	breaker  []bool
	paused   []string
	cache    []error
	panics   []any
	inFlight atomic.Int64
}

func (x *told) hooks() linkgen.Hooks {
	note := func(f func()) { x.mu.Lock(); defer x.mu.Unlock(); f() }
	return linkgen.Hooks{
		Hooks: zotlo.Hooks{
			APICall: func(_, result string, _ time.Duration) { note(func() { x.results[result]++ }) },
			Breaker: func(_ string, open bool) { note(func() { x.breaker = append(x.breaker, open) }) },
			Paused:  func(_, code string, _ time.Duration) { note(func() { x.paused = append(x.paused, code) }) },
		},
		InFlight:   func(delta int) { x.inFlight.Add(int64(delta)) },
		CacheError: func(err error) { note(func() { x.cache = append(x.cache, err) }) },
		Panic:      func(v any, _ []byte) { note(func() { x.panics = append(x.panics, v) }) },
	}
}

func set(t testing.TB, change ...func(*linkgen.Config)) *harness {
	t.Helper()
	memory := memorycache.New(memorycache.Config{})
	t.Cleanup(memory.Close)
	s := &harness{t: t, memory: memory, api: new(api), told: &told{results: make(map[string]int)}}
	s.cfg = linkgen.Config{
		Projects: []linkgen.Project{{
			Project: zotlo.Project{
				AccessKey: "key-1", AccessSecret: "secret-1", ApplicationKey: "app-1", APIURL: "http://127.0.0.1",
			},
		}},
		Key:       []byte("a key of sixteen bytes or more"),
		Cache:     memory,
		State:     linkgen.NewState(),
		Transport: s.api,
		Attribute: attribute,
		Hooks:     s.told.hooks(),
		Limits:    linkgen.Limits{PerSubscriber: zotlo.Rate{Events: -1}},
	}
	for _, c := range change {
		c(&s.cfg)
	}
	s.reload()
	return s
}

// attribute writes what a test can read again.
func attribute(o linkgen.Order, subscriber linkgen.SubscriberHash, random string) string {
	if subscriber == (linkgen.SubscriberHash{}) {
		return o.Campaign + "  " + random
	}
	return o.Campaign + " " + subscriber.String() + " " + random
}

// reload does what a new configuration does: another generator, the same state and cache.
func (s *harness) reload(change ...func(*linkgen.Config)) {
	s.t.Helper()
	for _, c := range change {
		c(&s.cfg)
	}
	g, err := newGenerator(s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.g = g
}

// generator takes orders at the shop's own host.
type generator struct{ *linkgen.Generator }

func newGenerator(cfg linkgen.Config) (*generator, error) {
	g, err := linkgen.New(cfg)
	return &generator{g}, err
}

func (g *generator) Link(ctx context.Context, o linkgen.Order) (linkgen.Result, error) {
	return g.LinkFrom(ctx, o, "shop.example.com")
}

// LinkFrom takes an order at another host.
func (g *generator) LinkFrom(ctx context.Context, o linkgen.Order, ownHost string) (linkgen.Result, error) {
	return g.Generator.Link(ctx, g.Prepare(o), ownHost)
}

func limits(l linkgen.Limits) func(*linkgen.Config) {
	return func(c *linkgen.Config) {
		if l.PerSubscriber == (zotlo.Rate{}) {
			l.PerSubscriber.Events = -1
		}
		c.Limits = l
	}
}

// orderOf is an order of a subscriber by e-mail, or of a guest.
func orderOf(id string) linkgen.Order {
	o := linkgen.Order{
		IP: netip.MustParseAddr("203.0.113.7"), Language: "en", LinkID: "123", Campaign: "pro",
	}
	if id != "" {
		o.Subscriber = linkgen.Subscriber{Kind: "email", ID: id}
	}
	return o
}

// hit expects a link for id from the given source, and returns it.
func (s *harness) hit(id string, want linkgen.Source) string {
	s.t.Helper()
	return s.hitOrder(orderOf(id), want)
}

func (s *harness) hitOrder(o linkgen.Order, want linkgen.Source) string {
	s.t.Helper()
	got, err := s.g.Link(context.Background(), o)
	if err != nil {
		s.t.Fatalf("no link: %v (%v)", err, cause(err))
	}
	if got.Source != want {
		s.t.Fatalf("the link came from %q, want %q", got.Source, want)
	}
	if id := o.Subscriber.ID; id != "" && !strings.HasPrefix(got.URL, "https://pay.example.com/"+id+"/") {
		s.t.Fatalf("%s got somebody else's link", id)
	}
	return got.URL
}

// refused expects an error of the given reason.
func (s *harness) refused(id string, want linkgen.Reason) *linkgen.Error {
	s.t.Helper()
	return s.refusedOrder(orderOf(id), want)
}

func (s *harness) refusedOrder(o linkgen.Order, want linkgen.Reason) *linkgen.Error {
	s.t.Helper()
	return s.refusedFrom(o, "shop.example.com", want)
}

func (s *harness) refusedFrom(o linkgen.Order, ownHost string, want linkgen.Reason) *linkgen.Error {
	s.t.Helper()
	r, err := s.g.LinkFrom(context.Background(), o, ownHost)
	var e *linkgen.Error
	if !errors.As(err, &e) {
		s.t.Fatalf("got %v, %v; want an error of reason %q", r.Source, err, want)
	}
	if e.Reason != want {
		s.t.Fatalf("reason %q (%v), want %q", e.Reason, e.Cause(), want)
	}
	return e
}

func (s *harness) apiCalls(want int64) {
	s.t.Helper()
	if got := s.api.calls.Load(); got != want {
		s.t.Fatalf("%d API calls, want %d", got, want)
	}
}

func (s *harness) forget(id string) {
	s.t.Helper()
	if err := s.g.Forget(context.Background(), s.g.SubscriberHash(id)); err != nil {
		s.t.Fatal(err)
	}
}

func cause(err error) error {
	if e, ok := errors.AsType[*linkgen.Error](err); ok {
		return e.Cause()
	}
	return nil
}

// serve starts an API on loopback.
func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func at(url string) func(*linkgen.Config) {
	return func(c *linkgen.Config) { c.Projects[0].APIURL, c.Transport = url, nil }
}
