package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// harness asks for links without Caddy: in virtual time, and by the thousand.
type harness struct {
	*linkgen.Generator
	zotlo  *sandbox.Sandbox
	memory *memorycache.Cache
}

func newHarness(t *testing.T, change ...func(*linkgen.Config)) *harness {
	t.Helper()
	h := &harness{
		zotlo:  sandbox.New(sandbox.Config{PublicURL: shoptest.PayURL}),
		memory: memorycache.New(memorycache.Config{}),
	}
	t.Cleanup(h.memory.Close)
	cfg := linkgen.Config{
		Projects: []linkgen.Project{{
			Project: zotlo.Project{
				AccessKey:      sandbox.DefaultAccessKey,
				AccessSecret:   sandbox.DefaultAccessSecret,
				ApplicationKey: sandbox.DefaultApplicationKey,
				APIURL:         "http://127.0.0.1",
			},
		}},
		Key: []byte("the key of a shop in a test"), Cache: h.memory, Transport: h.zotlo.Transport(),
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if h.Generator, err = linkgen.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// Link takes an order at the shop's own host.
func (h *harness) Link(ctx context.Context, o linkgen.Order) (linkgen.Result, error) {
	return h.Generator.Link(ctx, h.Prepare(o), "shop.example.com")
}

// keySpy is a cache that has every link, and remembers what it was asked for.
type keySpy struct{ asked linkgen.Key }

func (k *keySpy) Get(_ context.Context, key linkgen.Key) (linkgen.Lookup, error) {
	k.asked = key
	entry := linkgen.Entry{URL: shoptest.PayURL + "/pay", Made: time.Now()}
	return linkgen.Lookup{Found: true, Entry: entry}, nil
}

func (k *keySpy) Set(context.Context, linkgen.Key, linkgen.Epoch, linkgen.Entry) error { return nil }

func (k *keySpy) Forget(context.Context, linkgen.SubscriberHash) error { return nil }

// newKeyer tells the key of an order's link.
func newKeyer(t *testing.T) func(linkgen.Order) linkgen.Key {
	spy := new(keySpy)
	h := newHarness(t, func(c *linkgen.Config) { c.Cache = spy })
	return func(o linkgen.Order) linkgen.Key {
		if r, err := h.Link(t.Context(), o); err != nil || r.Source != linkgen.FromCache {
			t.Fatalf("%v, from %q", err, r.Source)
		}
		return spy.asked
	}
}

func orderOf(email string) linkgen.Order {
	return linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: "email", ID: email},
		IP:         netip.MustParseAddr("203.0.113.7"),
		Language:   "en", LinkID: "123", Campaign: "pro",
	}
}

// gets asks for a user's link, which must be their own.
func (h *harness) gets(t *testing.T, email string) linkgen.Result {
	t.Helper()
	r, err := h.Link(t.Context(), orderOf(email))
	if err != nil {
		t.Errorf("%s: %v", email, err)
		return r
	}
	if l, known := h.zotlo.Link(r.URL); !known || l.SubscriberID != email {
		t.Errorf("%s got the link of %q", email, l.SubscriberID)
	}
	return r
}

// fails asks for a link that cannot be had.
func (h *harness) fails(t *testing.T, email string, reasons ...linkgen.Reason) *linkgen.Error {
	t.Helper()
	r, err := h.Link(t.Context(), orderOf(email))
	e, ok := errors.AsType[*linkgen.Error](err)
	if !ok || !strings.Contains(fmt.Sprint(reasons), string(e.Reason)) {
		t.Errorf("%s got %q, %v; want %s", email, r.URL, err, reasons)
		return &linkgen.Error{}
	}
	return e
}

func (h *harness) wantCalls(t *testing.T, least, most int) {
	t.Helper()
	if n := h.zotlo.Calls(); n < least || n > most {
		t.Errorf("%d API calls, want between %d and %d", n, least, most)
	}
}

// quiet is where servers complain about clients that hang up.
var quiet = log.New(io.Discard, "", 0)

// overHTTP is a harness with a real connection to the stand-in.
func overHTTP(t *testing.T) *harness {
	t.Helper()
	var api *httptest.Server
	h := newHarness(t, func(c *linkgen.Config) {
		api = httptest.NewUnstartedServer(nil)
		api.Config.ErrorLog = quiet
		c.Projects[0].APIURL, c.Transport = "http://"+api.Listener.Addr().String(), nil
		c.Limits.Timeout = time.Second
	})
	api.Config.Handler = h.zotlo
	api.Start()
	t.Cleanup(api.Close)
	return h
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
