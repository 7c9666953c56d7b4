package main

import (
	"net/http"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// The module keeps a link for minutes. One that was expired by hand must not be given out again for
// as long.
func TestExpiredLinkIsNotGivenOutAgain(t *testing.T) {
	d := open(t, false)
	for _, person := range []string{"ada", "claire"} { // known by an address, and by a phone number
		s := arrive(t, d)
		s.signIn(person)
		first := s.hit("/checkout/plus")
		s.expire(first)
		if second := s.hit("/checkout/plus"); second == first {
			t.Errorf("%s: the dead link was given out again", person)
		} else if p := s.get(second); p.StatusCode != http.StatusOK {
			t.Errorf("%s: the new link is answered %d", person, p.StatusCode)
		}
	}
	happens(t, d, "the purge", func(it happening) bool { return it.Kind == kindPurge })
	says(t, arrive(t, d).get("/happened"), "A link was expired by hand", "POST /checkout/purge")
}

func TestExpiringAnAnonymousLinkPurgesNobody(t *testing.T) {
	d := open(t, false)
	guest := arrive(t, d)
	guest.expire(guest.hit("/ref/mira/get"))
	saysNot(t, guest.get("/happened"), "expired by hand")
}

func (s *shopper) expire(link string) {
	s.t.Helper()
	if p := s.do(http.MethodPost, link+"/expire", ""); p.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("expiring was answered %d: %s", p.StatusCode, p.body)
	}
	if l, _ := s.demo.sandbox.Link(link); l.State != sandbox.Expired {
		s.t.Fatalf("the link is %s", l.State)
	}
}
