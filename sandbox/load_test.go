package sandbox_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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

// Ten thousand callers at once, in virtual time: each gets a link of their own,
// and the latency makes all of them meet inside.
func TestManyCallersAtOnce(t *testing.T) {
	const callers = 10_000
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Config{})
		s.Fail(sandbox.Latency(200 * time.Millisecond))
		client := &http.Client{Transport: s.Transport()}
		links := make([]string, callers)
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				r := request(t, "https://api.example.com",
					ask(fields{"subscriberId": fmt.Sprintf("u%d@example.com", i)}))
				out, err := send(client, r)
				if err != nil {
					t.Error(err)
				}
				links[i] = out.link()
			})
		}
		wg.Wait()
		seen := make(map[string]bool)
		for i, url := range links {
			l, ok := s.Link(url)
			if !ok || l.SubscriberID != fmt.Sprintf("u%d@example.com", i) || seen[url] {
				t.Fatalf("caller %d got the link of %q", i, l.SubscriberID)
			}
			seen[url] = true
		}
		if s.Calls() != callers || s.MaxInFlight() != callers {
			t.Errorf("%d calls, %d at once", s.Calls(), s.MaxInFlight())
		}
	})
}
