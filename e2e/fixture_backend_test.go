package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// backend is the site's own end of the webhooks.
type backend struct {
	*httptest.Server
	mu     sync.Mutex
	answer http.HandlerFunc
	got    []received
}

type received struct {
	Method, URI, Body string
	Header            http.Header
}

func openBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{}
	b.answers(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "noted") })
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.mu.Lock()
		b.got = append(b.got, received{r.Method, r.RequestURI, string(body), r.Header.Clone()})
		answer := b.answer
		b.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *backend) answers(answer http.HandlerFunc) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

func (b *backend) received() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got
}
