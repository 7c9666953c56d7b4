package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asDemo makes the test program behave as the demo itself, so that tests can start it as a process
// of its own.
const asDemo = "KINGFISHER_TEST_AS_DEMO"

func TestMain(m *testing.M) {
	if os.Getenv(asDemo) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
	}
	code := m.Run()
	closeBrowser()
	os.Exit(code)
}

// open starts a demo in this process, in an empty folder. Caddy is one per process, so tests here do not run at the
// same time.
func open(t testing.TB, https bool) *demo {
	t.Helper()
	at, err := newPlace("127.0.0.1:0", https)
	if err != nil {
		t.Fatal(err)
	}
	d, err := start(at, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing the demo: %v", err)
		}
	})
	return d
}

// shopper is somebody with a cookie jar who follows no redirect by himself.
type shopper struct {
	t      testing.TB
	demo   *demo
	client *http.Client
}

func arrive(t testing.TB, d *demo) *shopper {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	//nolint:gosec // the demo's own certificates
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &shopper{t, d, &http.Client{
		Jar:       jar,
		Transport: transport,
		Timeout:   30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

// page is an answer, read to its end.
type page struct {
	*http.Response
	body string
}

// to is where the answer sends the browser.
func (p page) to() string { return p.Header.Get("Location") }

func (s *shopper) do(method, address, body string, header ...string) page {
	s.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = s.demo.place.shop + address
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := s.client.Do(r)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		// A server that a reload has just replaced may take the connection and close it unread;
		// browsers try again, too.
		r.Body = io.NopCloser(strings.NewReader(body))
		res, err = s.client.Do(r)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return page{res, string(text)}
}

func (s *shopper) get(address string, header ...string) page {
	s.t.Helper()
	return s.do(http.MethodGet, address, "", header...)
}

func (s *shopper) send(address string, form url.Values) page {
	s.t.Helper()
	return s.do(http.MethodPost, address, form.Encode())
}

func (s *shopper) signIn(person string) {
	s.t.Helper()
	sentTo(s.t, s.send("/sign-in", url.Values{"person": {person}, "next": {"/"}}), "/")
}

// hit presses a checkout address and returns the personal link.
func (s *shopper) hit(address string) string {
	s.t.Helper()
	p := s.get(address)
	if p.StatusCode != http.StatusSeeOther || !strings.HasPrefix(p.to(), s.demo.pay+"/pay/") {
		s.t.Fatalf("%s: answered %d to %q, want a personal link", address, p.StatusCode, p.to())
	}
	return p.to()
}

func (s *shopper) pay(link string) {
	s.t.Helper()
	p := s.send(link+"/pay", url.Values{"subscriber": {""}})
	if p.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("paying was answered %d: %s", p.StatusCode, p.body)
	}
}

func (s *shopper) trouble(id string) {
	s.t.Helper()
	sentTo(s.t, s.send("/trouble", url.Values{"trouble": {id}}), "/trouble")
	s.demo.renewed.mu.Lock() // a person takes longer to press the next button
	defer s.demo.renewed.mu.Unlock()
}

func sentTo(t testing.TB, p page, want string) {
	t.Helper()
	if p.StatusCode != http.StatusSeeOther || p.to() != want {
		t.Fatalf("answered %d to %q, want 303 to %q", p.StatusCode, p.to(), want)
	}
}

func says(t testing.TB, p page, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(p.body, want) {
			t.Errorf("%s does not say %q:\n%s", p.Request.URL.Path, want, p.body)
		}
	}
}

func saysNot(t testing.TB, p page, unwanted ...string) {
	t.Helper()
	for _, text := range unwanted {
		if strings.Contains(p.body, text) {
			t.Errorf("%s says %q", p.Request.URL.Path, text)
		}
	}
}

func apiCalls(t testing.TB, d *demo, want int) {
	t.Helper()
	if got := d.sandbox.Calls(); got != want {
		t.Errorf("%d API calls, want %d", got, want)
	}
}

// happens waits until the panel has an entry that fits; the log takes a moment to arrive.
func happens(t testing.TB, d *demo, what string, fits func(happening) bool) happening {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), enough)
	defer cancel()
	for {
		list, last := d.shop.history.newestFirst()
		for _, it := range list {
			if fits(it) {
				return it
			}
		}
		if ctx.Err() != nil {
			seen, _ := json.Marshal(list)
			t.Fatalf("the panel never told of %s; it has %s", what,
				bytes.ReplaceAll(seen, []byte("},{"), []byte("},\n{")))
		}
		d.shop.history.wait(ctx, last)
	}
}

// outcome waits for a checkout that ended in one way.
func outcome(t testing.TB, d *demo, want string) happening {
	t.Helper()
	return happens(t, d, "the outcome "+want, func(it happening) bool { return it.Outcome == want })
}
