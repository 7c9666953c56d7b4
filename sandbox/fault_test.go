package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// paths are the ways a client can reach a sandbox.
var paths = map[string]func(t *testing.T, s *sandbox.Sandbox) (string, *http.Client){
	"HTTP/1.1": func(t *testing.T, s *sandbox.Sandbox) (string, *http.Client) {
		srv := httptest.NewServer(s)
		t.Cleanup(srv.Close)
		return srv.URL, srv.Client()
	},
	"HTTP/2": func(t *testing.T, s *sandbox.Sandbox) (string, *http.Client) {
		srv := httptest.NewUnstartedServer(s)
		srv.EnableHTTP2 = true
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return srv.URL, srv.Client()
	},
	"in process": func(_ *testing.T, s *sandbox.Sandbox) (string, *http.Client) {
		return "https://api.example.com", &http.Client{Transport: s.Transport()}
	},
}

func TestFaults(t *testing.T) {
	status := func(status, code int) func(*testing.T, reply, error) {
		return func(t *testing.T, out reply, err error) {
			if err != nil || out.status != status || out.Meta.ErrorCode != code ||
				string(out.Result) != "[]" {
				t.Errorf("got %d %q, %v", out.status, out.raw, err)
			}
		}
	}
	tests := []struct {
		name  string
		fault sandbox.Fault
		check func(*testing.T, reply, error)
	}{
		{"rate limited", sandbox.RateLimited(""), status(429, sandbox.CodeInventedRateLimit)},
		{
			"rate limited for a while", sandbox.RateLimited("17"),
			func(t *testing.T, out reply, _ error) {
				if out.status != 429 || out.header.Get("Retry-After") != "17" {
					t.Errorf("got %d, Retry-After %q", out.status, out.header.Get("Retry-After"))
				}
			},
		},
		{"server error", sandbox.ServerError(), status(500, sandbox.CodeServer)},
		{
			"bad request", sandbox.BadRequest(sandbox.CodeSubscriberID),
			status(400, sandbox.CodeSubscriberID),
		},
		{"bad credentials", sandbox.BadCredentials(), status(401, sandbox.CodeCredentials)},
		{
			"error inside 200", sandbox.ErrorInside200(sandbox.CodeSubscriberID),
			func(t *testing.T, out reply, err error) {
				status(200, sandbox.CodeSubscriberID)(t, out, err)
				if out.Meta.HTTPStatus != 400 {
					t.Errorf("meta.httpStatus %d", out.Meta.HTTPStatus)
				}
			},
		},
		{"cut off", sandbox.CutOff(), func(t *testing.T, out reply, err error) {
			if err != nil || out.status != 200 || out.err == nil || out.raw == "" ||
				out.link() != "" {
				t.Errorf("got %d %q, %v, body error %v", out.status, out.raw, err, out.err)
			}
		}},
		{"reset", sandbox.Reset(), func(t *testing.T, out reply, err error) {
			if err == nil {
				t.Errorf("got an answer: %d %q", out.status, out.raw)
			}
		}},
		{"not JSON", sandbox.NotJSON(), func(t *testing.T, out reply, _ error) {
			if out.status != 200 || !strings.Contains(out.raw, "<!doctype html>") {
				t.Errorf("got %d %q", out.status, out.raw)
			}
		}},
		{
			"redirect", sandbox.Redirect("https://elsewhere.example.com/"),
			func(t *testing.T, out reply, _ error) {
				to := out.header.Get("Location")
				if out.status != 307 || to != "https://elsewhere.example.com/" {
					t.Errorf("got %d to %q", out.status, to)
				}
			},
		},
		{"huge", sandbox.Huge(1 << 20), func(t *testing.T, out reply, _ error) {
			if out.status != 200 || len(out.raw) < 1<<20 || out.link() == "" {
				t.Errorf("got %d with %d bytes", out.status, len(out.raw))
			}
		}},
		{
			"wrong link", sandbox.WrongLink("javascript:alert(1)"),
			func(t *testing.T, out reply, _ error) {
				if out.status != 200 || out.link() != "javascript:alert(1)" {
					t.Errorf("got %d %q", out.status, out.raw)
				}
			},
		},
		{
			"custom", sandbox.Custom(204, http.Header{"X-Other": {"1"}}, ""),
			func(t *testing.T, out reply, _ error) {
				if out.status != 204 || out.header.Get("X-Other") != "1" || out.raw != "" {
					t.Errorf("got %d %q", out.status, out.raw)
				}
			},
		},
		{"nothing", sandbox.Fault{}, func(t *testing.T, out reply, err error) {
			if err != nil || out.link() == "" {
				t.Errorf("got %d %q, %v", out.status, out.raw, err)
			}
		}},
	}
	for path, reach := range paths {
		s := sandbox.New(sandbox.Config{})
		url, client := reach(t, s)
		client.CheckRedirect = func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}
		for _, tt := range tests {
			t.Run(path+"/"+tt.name, func(t *testing.T) {
				s.Fail(tt.fault)
				out, err := send(client, request(t, url, ask(nil)))
				tt.check(t, out, err)
			})
		}
	}
}

// In virtual time a slow answer takes exactly as long as it was told to.
func TestSlowness(t *testing.T) {
	tests := []struct {
		name         string
		fault        sandbox.Fault
		header, body time.Duration
	}{
		{"latency", sandbox.Latency(3 * time.Second), 3 * time.Second, 3 * time.Second},
		{"slow", sandbox.Slow(4 * time.Second), 0, 4 * time.Second},
		{
			"late and slow",
			sandbox.Fault{Delay: time.Second, Drip: 4 * time.Second},
			time.Second, 5 * time.Second,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New(sandbox.Config{})
				s.Fail(tt.fault)
				start := time.Now()
				res, err := s.Transport().RoundTrip(request(t, "https://api.example.com", ask(nil)))
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = res.Body.Close() }()
				header := time.Since(start)
				if _, err := io.ReadAll(res.Body); err != nil {
					t.Fatal(err)
				}
				body := time.Since(start)
				// The last piece comes at most one of twenty pauses early.
				if header != tt.header || body > tt.body || body < tt.body*9/10 {
					t.Errorf("header after %v, body after %v", header, body)
				}
			})
		})
	}
}
