package zotlo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// fleetFixture is a fleet: nodes with a State each, one pacer, and the API that they ask. Use it in a
// bubble of synctest.
type fleetFixture struct {
	*testing.T
	pacer memoryPacer
	nodes []*Client

	mu     sync.Mutex
	answer string      // of the API: a status, and a header or a code
	calls  []time.Time // of each call
}

// newFleet makes a fleet whose nodes share their pacer.
func newFleet(t *testing.T, nodes int, rate Rate) *fleetFixture {
	t.Helper()
	f := &fleetFixture{T: t, answer: "ok"}
	for range nodes {
		f.addNode(rate, "secret", &f.pacer)
	}
	return f
}

func (f *fleetFixture) addNode(rate Rate, secret string, pacer Pacer) *Client {
	f.Helper()
	c, err := NewClient(Config{
		Project: Project{AccessKey: "key", AccessSecret: secret, ApplicationKey: "app"},
		Rate:    rate, Pacer: pacer, Transport: f, Timeout: time.Second,
		Hooks: Hooks{PacerError: func(err error) {
			if !errors.Is(err, errAway) {
				f.Errorf("the pacer failed: %v", err)
			}
		}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.nodes = append(f.nodes, c)
	return c
}

// RoundTrip is the API.
func (f *fleetFixture) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(20 * time.Millisecond)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, time.Now())
	status, header, body := 200, http.Header{}, `{"result":{"onelink":"https://pay.example.com/1"}}`
	switch how, more, _ := strings.Cut(f.answer, " "); how {
	case "429":
		status, body = 429, "{}"
		header.Set("Retry-After", more)
	case "wrong":
		status, body = 401, fmt.Sprintf(`{"meta":{"errorCode":%q}}`, more)
	}
	return &http.Response{
		StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func (f *fleetFixture) answers(how string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = how
}

// counted is how many calls were made since this was asked last.
func (f *fleetFixture) counted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.calls)
	f.calls = nil
	return n
}

// click asks a node for a link, as a shopper does who waits for so long. It returns the result.
func (f *fleetFixture) click(node int, wait time.Duration) string {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	c := f.nodes[node]
	c.Look()
	err := c.Blocked()
	if err == nil {
		err = c.TakeTurn(ctx)
	}
	if err == nil {
		_, err = c.OneLink(context.Background(), LinkRequest{LinkID: "1"})
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Result
	}
	return ResultOK
}

// read looks a transaction up, by a node, and returns the result.
func (f *fleetFixture) read(node int) string {
	_, err := f.nodes[node].Transaction(context.Background(), "T-1", false)
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Result
	}
	return ResultOK
}

// memoryPacer is a Pacer in this process. Its zero value is empty.
type memoryPacer struct {
	mu      sync.Mutex
	buckets map[string]*Bucket
	facts   map[string]memoryFact
	away    bool // it answers nothing
	full    bool // it takes no messages
	asked   int
}

type memoryFact struct {
	value string
	until time.Time
}

var errAway = errors.New("away")

// ask is the way there and back, to find p as it is then.
func (p *memoryPacer) ask() error {
	time.Sleep(time.Millisecond)
	p.mu.Lock()
	p.asked++
	if p.buckets == nil {
		p.buckets, p.facts = make(map[string]*Bucket), make(map[string]memoryFact)
	}
	if p.away {
		p.mu.Unlock()
		return errAway
	}
	return nil
}

func (p *memoryPacer) bucket(name string) *Bucket {
	if p.buckets[name] == nil {
		p.buckets[name] = new(Bucket)
	}
	return p.buckets[name]
}

func (p *memoryPacer) TakeTurn(
	_ context.Context, name string, events int, per, patience time.Duration,
) (wait time.Duration, ok bool, err error) {
	if err := p.ask(); err != nil {
		return 0, false, err
	}
	defer p.mu.Unlock()
	wait, ok = p.bucket(name).Take(Rate{events, per}, time.Now(), patience)
	return wait, ok, nil
}

func (p *memoryPacer) GiveTurnBack(
	_ context.Context, name string, _ int, _ time.Duration,
) error {
	if err := p.ask(); err != nil {
		return err
	}
	defer p.mu.Unlock()
	p.bucket(name).GiveBack()
	return nil
}

func (p *memoryPacer) Once(_ context.Context, key string, ttl time.Duration) (bool, error) {
	if err := p.ask(); err != nil {
		return true, err
	}
	defer p.mu.Unlock()
	if fact, found := p.facts[key]; found && time.Now().Before(fact.until) {
		return false, nil
	}
	p.facts[key] = memoryFact{"", time.Now().Add(ttl)}
	return true, nil
}

func (p *memoryPacer) Remember(_ context.Context, key, value string, ttl time.Duration) error {
	if err := p.ask(); err != nil {
		return err
	}
	defer p.mu.Unlock()
	if p.full {
		return errAway
	}
	p.facts[key] = memoryFact{value, time.Now().Add(ttl)}
	return nil
}

func (p *memoryPacer) Recall(_ context.Context, key string) (string, bool, error) {
	if err := p.ask(); err != nil {
		return "", false, err
	}
	defer p.mu.Unlock()
	fact, found := p.facts[key]
	return fact.value, found && time.Now().Before(fact.until), nil
}

// set changes how p answers.
func (p *memoryPacer) set(away, full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away, p.full = away, full
}

// questions is how often p was asked since this was asked last.
func (p *memoryPacer) questions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.asked
	p.asked = 0
	return n
}
