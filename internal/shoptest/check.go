package shoptest

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// WantLinkOf checks that a reply leads to an open checkout page in one user's name, and is for
// nobody else to keep.
func (s *Shop) WantLinkOf(t *testing.T, email string, got Reply) {
	t.Helper()
	if got.StatusCode != http.StatusSeeOther || got.Text != "" {
		t.Fatalf("%s got %s %q, want 303 and no body", email, got.Status, got.Text)
	}
	link, known := s.Zotlo.Link(got.Header.Get("Location"))
	if !known || link.SubscriberID != email || link.State != sandbox.Open {
		t.Errorf("%s was sent to a link of %q (known %t, %s)",
			email, link.SubscriberID, known, link.State)
	}
	WantPrivate(t, got)
}

// WantPrivate checks the four headers of every answer of ours.
func WantPrivate(t *testing.T, got Reply) {
	t.Helper()
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex",
	} {
		if values := got.Header.Values(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s: %q, want %q", name, values, want)
		}
	}
}

// WantDenied checks that a reply is a private refusal that gives nothing away.
func WantDenied(t *testing.T, what string, got Reply, status int) {
	t.Helper()
	if to := got.Header.Get("Location"); got.StatusCode != status || to != "" {
		t.Errorf("%s got %s and Location %q, want %d", what, got.Status, to, status)
	}
	WantPrivate(t, got)
}

// Denies sends a request and checks that the answer is a private refusal that gives nothing away.
func (s *Shop) Denies(
	t *testing.T, what string, status int, path string, changes ...func(*http.Request),
) {
	t.Helper()
	WantDenied(t, what, s.Send(t, path, changes...), status)
}

// Secrets are the texts that must not be found where configurations are kept.
func Secrets() []string {
	return []string{
		JWTSecret, sandbox.DefaultAccessKey, sandbox.DefaultAccessSecret,
		sandbox.DefaultApplicationKey,
	}
}

// WantNone checks that a text is there and holds none of the words, plain or as a query has them.
func WantNone(t *testing.T, where, text string, words ...string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s is empty", where)
	}
	for _, word := range words {
		if strings.Contains(text, word) || strings.Contains(text, url.QueryEscape(word)) {
			t.Errorf("%s holds %q:\n%s", where, word, text)
		}
	}
}

// Read is the text of a file.
func Read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Eventually waits for something that another process does by itself.
func Eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
