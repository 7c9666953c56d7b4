package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

func TestAbuse14SameTextAnotherPerson(t *testing.T) {
	keyOf := newKeyer(t)
	seen := map[linkgen.Key]string{}
	for _, kind := range []string{"email", "phone", "uuid"} {
		for _, issuer := range []string{"", "https://a.example", "https://b.example"} {
			for _, link := range []string{"1", "2"} {
				o := orderOf("905551234567")
				o.Subscriber.Kind, o.Subscriber.Issuer, o.LinkID = kind, issuer, link
				what, key := fmt.Sprint(kind, issuer, link), keyOf(o)
				if other, taken := seen[key]; taken {
					t.Errorf("%s shares a link with %s", what, other)
				}
				seen[key] = what
			}
		}
	}
}

func TestAbuse15Separators(t *testing.T) {
	keyOf := newKeyer(t)
	pieces := []string{"", "a", ":", "a:", ":a", "\x00", "1", "/", "a:b", "|", "\n", "é"}
	random, seen := rand.New(rand.NewPCG(3, 4)), map[linkgen.Key]string{}
	pick := func() string {
		return pieces[random.IntN(len(pieces))] + pieces[random.IntN(len(pieces))]
	}
	for range 20_000 {
		o := orderOf("x" + pick())
		o.Subscriber.Issuer, o.LinkID, o.Variant, o.Campaign = pick(), pick(), pick(), pick()
		o.Fields = []zotlo.Field{{Name: pick(), Value: pick()}}
		o.Parameters = []zotlo.Field{{Name: pick(), Value: pick()}}
		what, key := fmt.Sprintf("%q",
			[]any{o.Subscriber, o.LinkID, o.Variant, o.Campaign, o.Fields, o.Parameters}), keyOf(o)
		if other, taken := seen[key]; taken && other != what {
			t.Fatalf("one key for\n%s and\n%s", what, other)
		}
		seen[key] = what
	}
}

func TestAbuse29SharedGuestLink(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	seen := map[string]bool{}
	for range 5 {
		seen[s.Send(t, "/guest").Header.Get("Location")] = true
	}
	s.WantLinkOf(t, ann, s.Send(t, "/guest", as(ann)))
	if len(seen) != 5 || seen[""] {
		t.Errorf("five guests got %d links", len(seen))
	}
	s.WantCalls(t, 6)
}

func TestAbuse30PaidLink(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	link := s.Sold(t, ann, "/lifetime")
	s.Pay(t, link)
	for range 3 {
		if got := s.Click(t, ann, "/lifetime").Header.Get("Location"); got == link.URL {
			t.Error("a paid link was given out again")
		}
	}
	s.WantCalls(t, 2)
}

func TestAbuse31LinkAboutToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *linkgen.Config) { c.TTL = 5 * time.Minute })
		h.zotlo.FailNext(1, sandbox.Latency(3*time.Second))
		first := h.gets(t, ann)
		time.Sleep(5*time.Minute - 3*time.Second - time.Millisecond)
		if again := h.gets(t, ann); again.URL != first.URL {
			t.Error("a link was thrown away early")
		}
		time.Sleep(time.Millisecond)
		if again := h.gets(t, ann); again.URL == first.URL {
			t.Error("the call's own time was not counted")
		}
	})
	refusesToLoad(t, fragment("option", "cache memory {\n\tttl 56m\n}"), "ttl", "55m")
}

func TestAbuse38BadLinks(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for i, link := range []string{
		"javascript:alert(1)", "data:text/html,x", "http://pay.example.com/", "//evil.example/",
		"/upgrade", "https://user@evil.example/", "https://pay.example.com\\@evil.example/",
		"https://pay.example.com/\r\nSet-Cookie: a=b", "https:///evil.example",
		"https://pay.example.com:99999/", " https://pay.example.com/",
		"https://pay.example.com/" + strings.Repeat("a", 5000),
		"https://[::1]/", "https://0x7f000001/", "https://pay.example.com/\x00",
		"https://pаy.example.com/",
	} {
		s.Zotlo.Fail(sandbox.WrongLink(link))
		for _, accept := range []string{"", "application/json"} {
			got := s.Send(t, "/upgrade", as(person(i)), header("Accept", accept))
			shoptest.WantDenied(t, fmt.Sprintf("%.60q", link), got, http.StatusBadGateway)
			if strings.Contains(got.Text, "evil") || strings.Contains(got.Text, "://") {
				t.Errorf("%.60q: the answer is %s", link, got.Text)
			}
		}
	}
	s.Zotlo.Heal()
	s.WantLinkOf(t, ann, s.Send(t, "/upgrade", as(ann)))
	shoptest.WantNone(t, "the log", s.Log.String(), "evil.example")

	const api = "api_url {$API}\n"
	listed := shoptest.Open(t,
		strings.Replace(guarded, api, api+"\t\tlink_hosts pay.example.com:8443\n", 1))
	listed.Denies(t, "a host that is not listed", http.StatusBadGateway, "/upgrade", as(ann))
}

func TestAbuse39LinkBackToUs(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for i, link := range []string{
		"https://shop.example.com/upgrade", "https://SHOP.example.com./",
		"https://shop.example.com:443/pay",
	} {
		s.Zotlo.Fail(sandbox.WrongLink(link))
		s.Denies(t, link, http.StatusBadGateway, "/upgrade", as(person(i)))
	}
	s.WantMetric(t,
		`caddy_checkout_requests_total{answer="error",campaign="pro",outcome="untrusted_link"}`,
		"3")
}

func TestAbuse51TwoNodesAtOnce(t *testing.T) {
	a, b := newHarness(t), newHarness(t)
	var all sync.WaitGroup
	links := make([]string, 2)
	for i, h := range []*harness{a, b} {
		all.Go(func() { links[i] = h.gets(t, ann).URL })
	}
	all.Wait()
	if links[0] == links[1] {
		t.Error("two nodes without a common cache have one link")
	}
	for i, h := range []*harness{a, b} {
		if link, _ := h.zotlo.Link(links[i]); link.State != sandbox.Open {
			t.Errorf("a link is %s", link.State)
		}
	}
}

func TestAbuse52SweepOfTheExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		for i := range 3000 {
			h.gets(t, person(i))
		}
		time.Sleep(4 * time.Minute)
		fresh := h.gets(t, ann).URL
		for range 40 { // while the others expire and are swept
			time.Sleep(5 * time.Second)
			if again := h.gets(t, ann).URL; again != fresh {
				t.Fatal("a fresh link was swept")
			}
		}
		if n := h.memory.Len(); n != 1 {
			t.Errorf("%d links are stored, want the fresh one alone", n)
		}
	})
}
