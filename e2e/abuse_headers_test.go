package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

func TestAbuse20ForwardedAddresses(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for i, name := range []string{
		"X-Forwarded-For", "Forwarded", "CF-Connecting-IP", "X-Real-IP", "X_Forwarded_For",
		"True-Client-IP", "Client-IP",
	} {
		value := "203.0.113.9"
		if name == "Forwarded" {
			value = "for=" + value
		}
		s.WantLinkOf(t, person(i), s.Send(t, "/upgrade", as(person(i)), header(name, value)))
	}
	for _, link := range s.Zotlo.Links() {
		if link.SubscriberIPAddress != "127.0.0.1" {
			t.Errorf("the address sent is %s", link.SubscriberIPAddress)
		}
	}
	if !s.Logged("its peer is no trusted proxy") {
		t.Error("the operator is not warned")
	}
}

func TestAbuse22LinkOfAnotherCountry(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, behindProxy)
	for i, ip := range []string{
		"203.0.113.9", "198.51.100.9", "2001:db8:1::1", "2001:db8:2::1", "::ffff:192.0.2.1",
	} {
		for range 2 {
			s.WantLinkOf(t, ann, s.Send(t, "/upgrade", as(ann), from(ip)))
		}
		s.WantCalls(t, i+1)
	}
	s.Send(t, "/upgrade", as(ann), from("2001:db8:1::2")) // the same network
	s.Send(t, "/upgrade", as(ann), from("192.0.2.1"))     // the same address
	s.WantCalls(t, 5)
	var sent []string
	for _, link := range s.Zotlo.Links() {
		sent = append(sent, link.SubscriberIPAddress)
	}
	got := fmt.Sprint(sent)
	if got != "[203.0.113.9 198.51.100.9 2001:db8:1::1 2001:db8:2::1 192.0.2.1]" {
		t.Errorf("sent %s", got)
	}
}

func TestAbuse23InventedLanguages(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, guarded)
	for i := range 200 {
		s.WantLinkOf(t, ann,
			s.Send(t, "/upgrade", as(ann),
				header("Accept-Language", fmt.Sprintf("x%c-%d, q%d;q=0.%d", 'a'+i%26, i, i, i%10))))
	}
	s.WantCalls(t, 1)
	for _, language := range []string{"tr-TR", "TR;q=0.5, xx", "de-AT,de;q=0.9"} {
		s.Send(t, "/upgrade", as(ann), header("Accept-Language", language))
	}
	s.WantCalls(t, 3)
	// What a link depends on beyond the language is bounded by what one subscriber may ask for.
	limited := 0
	for i := range 30 {
		got := s.Send(t, fmt.Sprintf("/upgrade?from=%d", i), as(ben))
		if got.StatusCode == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 15 {
		t.Errorf("only %d of 30 were refused", limited)
	}
}

// The module adds no identity to what a backend gets, and believes none that a visitor sends.
func TestAbuse67IdentityHeaders(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	site := strings.Replace(guarded, "\tmetrics /metrics\n",
		"\tcheckout_offer /page pro\n\treverse_proxy /page "+b.Listener.Addr().String()+"\n"+
			"\tcheckout_link /named {http.reverse_proxy.header.X-Checkout-Campaign}\n", 1)
	s := shoptest.Open(t, site)
	s.Send(t, "/page", as(ann), header("User-Agent", "a browser"))
	added := b.received()[0].Header.Clone()
	for _, name := range []string{
		"Cookie", "User-Agent", "Accept-Encoding", "X-Forwarded-For", "X-Forwarded-Host",
		"X-Forwarded-Proto", "Via",
	} {
		added.Del(name)
	}
	if len(added) != 0 {
		t.Errorf("the backend got %v as well", added)
	}
	for _, name := range []string{
		"X-Checkout-Campaign", "X_Checkout_Campaign", "x-checkout-campaign",
	} {
		got := s.Send(t, "/named", as(ann), header(name, "pro"))
		if got.Header.Get("Location") != "" {
			t.Errorf("%s of a visitor chose a campaign", name)
		}
	}
	s.WantCalls(t, 0)
}
