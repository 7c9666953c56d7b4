package sandbox_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestRequestsShowWhatArrived(t *testing.T) {
	s := open(t, sandbox.Config{})
	s.call(t, ask(nil))
	s.call(t, "not json")
	got := s.Requests()
	if s.Calls() != 2 || len(got) != 2 {
		t.Fatalf("%d calls, %d requests", s.Calls(), len(got))
	}
	if diff := cmp.Diff(map[string]any(ask(nil)), got[0].Body); diff != "" {
		t.Error(diff)
	}
	first := got[0]
	if first.Status != 200 || first.Method != "POST" || !first.Time.Equal(noon) ||
		first.Header.Get("AccessKey") != sandbox.DefaultAccessKey {
		t.Errorf("first request is recorded as %+v", first)
	}
	if second := got[1]; second.Status != 400 || second.Body != nil ||
		string(second.Raw) != "not json" {
		t.Errorf("second request is recorded as %+v", second)
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
