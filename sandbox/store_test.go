package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestMemoryIsBounded(t *testing.T) {
	s := open(t, sandbox.Config{KeepRequests: 3, KeepLinks: 2})
	var links []string
	for range 8 {
		links = append(links, s.link(t, nil))
	}
	if n := len(s.Requests()); n != 3 {
		t.Errorf("%d requests kept", n)
	}
	kept := s.Links()
	if len(kept) != 2 || kept[0].URL != links[6] || kept[1].URL != links[7] {
		t.Errorf("kept %d links, not the newest two in order", len(kept))
	}
	if _, ok := s.Link(links[5]); ok {
		t.Error("a forgotten link is still found")
	}
	if status, _, _ := s.get(t, links[0]); status != http.StatusNotFound {
		t.Errorf("a forgotten link answers %d", status)
	}
	if s.Calls() != 8 {
		t.Errorf("%d calls", s.Calls())
	}

	none := open(t, sandbox.Config{KeepRequests: -1})
	none.link(t, nil)
	if n := len(none.Requests()); n != 0 {
		t.Errorf("%d requests kept, none wanted", n)
	}
}
