package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Config{})
		s.Fail(sandbox.Latency(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := request(t, "https://api.example.com", ask(nil)).WithContext(ctx)
		_, err := s.Transport().RoundTrip(r)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if n := len(s.Links()); n != 0 {
			t.Errorf("%d links created for nobody", n)
		}
		if r := s.Requests(); s.Calls() != 1 || len(r) != 1 || r[0].Status != 0 {
			t.Errorf("recorded as %+v", r)
		}
	})
}

// The transport behaves like one: it closes the body it was given, and a
// handler does not hang on a client that reads no answer.
func TestTransportManners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Config{})
		s.Fail(sandbox.Huge(1 << 20))
		body := &closing{Reader: strings.NewReader(`{}`)}
		r := request(t, "https://api.example.com", ask(nil))
		good, _ := io.ReadAll(r.Body)
		body.Reader, r.Body = strings.NewReader(string(good)), body
		res, err := s.Transport().RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if !body.closed {
			t.Error("the request body was left open")
		}
		_ = res.Body.Close() // synctest fails if this leaves the handler blocked
	})
	boom := fmt.Errorf("boom")
	r := request(t, "https://api.example.com", ask(nil))
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), failing{boom}))
	if _, err := sandbox.New(sandbox.Config{}).Transport().RoundTrip(r); !errors.Is(err, boom) {
		t.Errorf("an unreadable body gives %v", err)
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
