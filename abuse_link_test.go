package checkout_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/sandbox"
)

// maker makes links without Caddy: in virtual time, and by the thousand.
type maker struct {
	*linkgen.Generator
	zotlo  *sandbox.Sandbox
	memory *memorycache.Cache
}

func newMaker(t *testing.T, change ...func(*linkgen.Config)) *maker {
	t.Helper()
	m := &maker{zotlo: sandbox.New(sandbox.Config{PublicURL: payURL}), memory: memorycache.New(memorycache.Config{})}
	t.Cleanup(m.memory.Close)
	cfg := linkgen.Config{
		Projects: []linkgen.Project{{
			AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret, ApplicationKey: sandbox.DefaultApplicationKey,
			APIURL: "http://127.0.0.1",
		}},
		Key: []byte("the key of a shop in a test"), Cache: m.memory, Transport: m.zotlo.Transport(),
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if m.Generator, err = linkgen.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func orderOf(email string) linkgen.Order {
	return linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: "email", ID: email}, IP: netip.MustParseAddr("203.0.113.7"),
		Language: "en", LinkID: "123", Campaign: "pro",
	}
}

// hit asks for a user's link, which must be his own.
func (m *maker) hit(t *testing.T, email string) linkgen.Result {
	t.Helper()
	r, err := m.Link(t.Context(), orderOf(email))
	if err != nil {
		t.Errorf("%s: %v", email, err)
		return r
	}
	if l, known := m.zotlo.Link(r.URL); !known || l.SubscriberID != email {
		t.Errorf("%s got the link of %q", email, l.SubscriberID)
	}
	return r
}

// miss asks for a link that cannot be had.
func (m *maker) miss(t *testing.T, email string, reasons ...linkgen.Reason) *linkgen.Error {
	t.Helper()
	r, err := m.Link(t.Context(), orderOf(email))
	e, ok := errors.AsType[*linkgen.Error](err)
	if !ok || !strings.Contains(fmt.Sprint(reasons), string(e.Reason)) {
		t.Errorf("%s got %q, %v; want %s", email, r.URL, err, reasons)
		return &linkgen.Error{}
	}
	return e
}

func (m *maker) wantCalls(t *testing.T, least, most int) {
	t.Helper()
	if n := m.zotlo.Calls(); n < least || n > most {
		t.Errorf("%d API calls, want between %d and %d", n, least, most)
	}
}

func TestAbuse14SameTextAnotherPerson(t *testing.T) {
	m := newMaker(t)
	seen := map[linkgen.Key]string{}
	for _, kind := range []string{"email", "phone", "uuid"} {
		for _, issuer := range []string{"", "https://a.example", "https://b.example"} {
			for _, link := range []string{"1", "2"} {
				o := orderOf("905551234567")
				o.Subscriber.Kind, o.Subscriber.Issuer, o.LinkID = kind, issuer, link
				what, key := fmt.Sprint(kind, issuer, link), m.Key(o)
				if other, taken := seen[key]; taken {
					t.Errorf("%s shares a link with %s", what, other)
				}
				seen[key] = what
			}
		}
	}
}

func TestAbuse15Separators(t *testing.T) {
	m := newMaker(t)
	pieces := []string{"", "a", ":", "a:", ":a", "\x00", "1", "/", "a:b", "|", "\n", "é"}
	random, seen := rand.New(rand.NewPCG(3, 4)), map[linkgen.Key]string{}
	pick := func() string { return pieces[random.IntN(len(pieces))] + pieces[random.IntN(len(pieces))] }
	for range 20_000 {
		o := orderOf("x" + pick())
		o.Subscriber.Issuer, o.LinkID, o.Variant, o.Campaign = pick(), pick(), pick(), pick()
		o.Fields = []linkgen.Field{{Name: pick(), Value: pick()}}
		o.Parameters = []linkgen.Field{{Name: pick(), Value: pick()}}
		what, key := fmt.Sprintf("%q", []any{o.Subscriber, o.LinkID, o.Variant, o.Campaign, o.Fields, o.Parameters}), m.Key(o)
		if other, taken := seen[key]; taken && other != what {
			t.Fatalf("one key for\n%s and\n%s", what, other)
		}
		seen[key] = what
	}
}

func TestAbuse29SharedGuestLink(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	seen := map[string]bool{}
	for range 5 {
		seen[s.visit(t, "/guest").Header.Get("Location")] = true
	}
	s.wantLinkOf(t, ann, s.visit(t, "/guest", as(ann)))
	if len(seen) != 5 || seen[""] {
		t.Errorf("five guests got %d links", len(seen))
	}
	s.wantCalls(t, 6)
}

func TestAbuse30PaidLink(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	link := s.sold(t, ann, "/lifetime")
	s.pay(t, link)
	for range 3 {
		if got := s.click(t, ann, "/lifetime").Header.Get("Location"); got == link.URL {
			t.Error("a paid link was given out again")
		}
	}
	s.wantCalls(t, 2)
}

func TestAbuse31LinkAboutToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaker(t, func(c *linkgen.Config) { c.TTL = 5 * time.Minute })
		m.zotlo.FailNext(1, sandbox.Latency(3*time.Second))
		first := m.hit(t, ann)
		time.Sleep(5*time.Minute - 3*time.Second - time.Millisecond)
		if again := m.hit(t, ann); again.URL != first.URL {
			t.Error("a link was thrown away early")
		}
		time.Sleep(time.Millisecond)
		if again := m.hit(t, ann); again.URL == first.URL {
			t.Error("the call's own time was not counted")
		}
	})
	refusesToLoad(t, fragment("option", "cache memory {\n\tttl 56m\n}"), "ttl", "55m")
}

func TestAbuse39LinkBackToUs(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for i, link := range []string{"https://shop.example.com/upgrade", "https://SHOP.example.com./", "https://shop.example.com:443/pay"} {
		s.zotlo.Fail(sandbox.WrongLink(link))
		s.denied(t, link, s.visit(t, "/upgrade", as(person(i))), http.StatusBadGateway)
	}
	s.wantMetric(t, `caddy_checkout_requests_total{answer="error",campaign="pro",outcome="untrusted_link"}`, "3")
}

func TestAbuse51TwoNodesAtOnce(t *testing.T) {
	a, b := newMaker(t), newMaker(t)
	var all sync.WaitGroup
	links := make([]string, 2)
	for i, m := range []*maker{a, b} {
		all.Go(func() { links[i] = m.hit(t, ann).URL })
	}
	all.Wait()
	if links[0] == links[1] {
		t.Error("two nodes without a common cache have one link")
	}
	for i, m := range []*maker{a, b} {
		if link, _ := m.zotlo.Link(links[i]); link.State != sandbox.Open {
			t.Errorf("a link is %s", link.State)
		}
	}
}

func TestAbuse69BadCertificates(t *testing.T) {
	zotlo := sandbox.New(sandbox.Config{PublicURL: payURL})
	trusting := func(server *httptest.Server) *http.Transport {
		transport := linkgen.NewTransport()
		authority := x509.NewCertPool()
		authority.AddCert(server.Certificate())
		transport.TLSClientConfig.RootCAs = authority
		return transport
	}
	for name, c := range map[string]struct {
		prepare   func(*httptest.Server)
		transport func(*httptest.Server) *http.Transport
		host      string
	}{
		"unknown authority": {transport: func(*httptest.Server) *http.Transport { return linkgen.NewTransport() }},
		"another name":      {transport: trusting, host: "localhost"},
		"TLS 1.1": {transport: trusting, prepare: func(s *httptest.Server) {
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(zotlo)
			server.Config.ErrorLog = quiet
			if c.prepare != nil {
				c.prepare(server)
			}
			server.StartTLS()
			defer server.Close()
			address := server.URL
			if c.host != "" {
				address = strings.Replace(address, "127.0.0.1", c.host, 1)
			}
			m := newMaker(t, func(cfg *linkgen.Config) { cfg.Transport, cfg.Projects[0].APIURL = c.transport(server), address })
			m.miss(t, ann, linkgen.Unavailable)
		})
	}
	if zotlo.Calls() != 0 {
		t.Error("a secret was sent")
	}
	refusesToLoad(t, fragment("option", "insecure_skip_verify"), "insecure_skip_verify")
}
