package caddymodule_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/caddy-checkout/checkout/sandbox"
)

// getsLink checks that the answer is a redirect to a link made for the subscriber, and returns the
// link.
func (s *shop) getsLink(res *http.Response, subscriber string) sandbox.Link {
	s.t.Helper()
	if res.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("status %d, want 303; message %q", res.StatusCode,
			res.Header.Get("X-Error-Message"))
	}
	private(s.t, res)
	link, ok := s.zotlo.Link(res.Header.Get("Location"))
	if !ok {
		s.t.Fatalf("Location %q is no link of Zotlo's", res.Header.Get("Location"))
	}
	if link.SubscriberID != subscriber {
		s.t.Fatalf("the link is for %q, want %q", link.SubscriberID, subscriber)
	}
	return link
}

// redirects checks that the answer is a redirect to a place that is no link.
func (s *shop) redirects(res *http.Response, to string) {
	s.t.Helper()
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != to {
		s.t.Fatalf("got %d to %q, want 303 to %q", res.StatusCode, res.Header.Get("Location"), to)
	}
	private(s.t, res)
}

// fails checks that the answer is an error of ours.
func (s *shop) fails(res *http.Response, status int) {
	s.t.Helper()
	if res.StatusCode != status {
		s.t.Fatalf("status %d, want %d; message %q", res.StatusCode, status,
			res.Header.Get("X-Error-Message"))
	}
	private(s.t, res)
}

// reachesNext checks that the next handler answered, without our headers.
func (s *shop) reachesNext(res *http.Response) {
	s.t.Helper()
	if res.Header.Get("X-Next") != "reached" {
		s.t.Fatalf("status %d: the next handler was not reached; message %q", res.StatusCode,
			res.Header.Get("X-Error-Message"))
	}
}

// private checks the four headers that every answer of ours carries.
func private(t testing.TB, res *http.Response) {
	t.Helper()
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex",
	} {
		if got := res.Header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// apiCalls checks how many calls the API has received.
func (s *shop) apiCalls(want int) {
	s.t.Helper()
	if got := s.zotlo.Calls(); got != want {
		s.t.Fatalf("%d API calls, want %d", got, want)
	}
}

// body reads an answer's JSON.
func (s *shop) body(res *http.Response) map[string]any {
	s.t.Helper()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		s.t.Fatal(err)
	}
	return v
}
