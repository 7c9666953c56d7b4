package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shopper remembers which requests came, and answers as a test wants.
type shopper struct {
	mu    sync.Mutex
	paths map[string]int
	http.HandlerFunc
}

func (s *shopper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.paths[r.URL.Path]++
	s.mu.Unlock()
	s.HandlerFunc(w, r)
}

// listen starts a server and opens connections to it that ask for /0, /1, /2 and so on.
func listen(t *testing.T, conns, status int, answer http.HandlerFunc) (*shopper, *client) {
	t.Helper()
	s := &shopper{paths: make(map[string]int), HandlerFunc: answer}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := dial(server.Listener.Addr().String(), conns, status, func(i int) []byte {
		return click(fmt.Sprintf("/%d", i), "a.b.c")
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return s, c
}

func redirect(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", linkBase)
	w.WriteHeader(http.StatusSeeOther)
}

// each is that every request of 0 to n-1 came once.
func each(n int) map[string]int {
	paths := make(map[string]int)
	for i := range n {
		paths[fmt.Sprintf("/%d", i)] = 1
	}
	return paths
}

func TestEveryRequestIsSentOnce(t *testing.T) {
	for _, test := range []struct{ conns, first, second int }{{1, 5, 3}, {3, 10, 11}, {8, 3, 100}} {
		s, c := listen(t, test.conns, http.StatusSeeOther, redirect)
		if _, err := c.run(test.first); err != nil {
			t.Fatal(err)
		}
		took, err := c.timed(test.second)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(each(test.first+test.second), s.paths); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test, diff)
		}
		for i, d := range took {
			if d <= 0 {
				t.Errorf("%+v: answer %d took %v", test, i, d)
			}
		}
		if len(took) != test.second {
			t.Errorf("%+v: %d times", test, len(took))
		}
	}
}

func TestBodiesAreReadToTheEnd(t *testing.T) {
	_, c := listen(t, 2, http.StatusOK, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("HTTP/1.1 500 \r\n", len(r.URL.Path)))
	})
	if _, err := c.run(20); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoGoodAnswerIsAnError(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"another status": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
		}, "status 502 where 303 is due"},
		"chunks": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusSeeOther)
			w.(http.Flusher).Flush()
		}, "chunks"},
		"no answer": {
			func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			"EOF",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, c := listen(t, 1, http.StatusSeeOther, test.answer)
			if _, err := c.run(1); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestAClickIsWhatABrowserSends(t *testing.T) {
	var got *http.Request
	_, c := listen(t, 1, http.StatusSeeOther, func(w http.ResponseWriter, r *http.Request) {
		got = r
		redirect(w, r)
	})
	if _, err := c.run(1); err != nil {
		t.Fatal(err)
	}
	cookie, err := got.Cookie("session")
	if err != nil || cookie.Value != "a.b.c" {
		t.Errorf("session cookie %v, error %v", cookie, err)
	}
	if got.Host != "shop.example.com" || got.Header.Get("Sec-Fetch-Dest") != "document" {
		t.Errorf("host %q, headers %v", got.Host, got.Header)
	}
}
