package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// harness is a sandbox with a server in front of it and a clock behind it.
type harness struct {
	*sandbox.Sandbox
	clock  *sandbox.Clock
	url    string
	client *http.Client
}

// open starts a sandbox over https. Its client follows no redirects.
func open(t *testing.T, cfg sandbox.Config) *harness {
	t.Helper()
	clock := sandbox.NewClock(noon)
	cfg.Now = clock.Now
	s := sandbox.New(cfg)
	srv := httptest.NewTLSServer(s)
	t.Cleanup(srv.Close)
	client := srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	return &harness{Sandbox: s, clock: clock, url: srv.URL, client: client}
}

// shopHooks is an address for webhooks that are held, and so never sent.
const shopHooks = "https://shop.example.com/hooks"

// fields are the fields of a call, by their names on the wire.
type fields map[string]any

// ask returns the smallest good call with these fields on top; nil removes one.
func ask(more fields) fields {
	call := fields{
		"applicationKey":      sandbox.DefaultApplicationKey,
		"checkoutLinkId":      "123",
		"subscriberIpAddress": "203.0.113.7",
		"language":            "en",
	}
	maps.Copy(call, more)
	maps.DeleteFunc(call, func(_ string, v any) bool { return v == nil })
	return call
}

func request(t testing.TB, url string, body any) *http.Request {
	t.Helper()
	raw, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(b)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+sandbox.OneLinkPath,
		strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("AccessKey", sandbox.DefaultAccessKey)
	r.Header.Set("AccessSecret", sandbox.DefaultAccessSecret)
	r.Header.Set("Content-Type", "application/json")
	return r
}

// reply is an answer of the API as a client sees it.
type reply struct {
	status int
	header http.Header
	raw    string
	err    error // while the body was read

	Meta struct {
		RequestID    string `json:"requestId"`
		HTTPStatus   int    `json:"httpStatus"`
		ErrorMessage string `json:"errorMessage"`
		ErrorCode    int    `json:"errorCode"`
	} `json:"meta"`
	Result json.RawMessage `json:"result"`
}

func (r reply) link() string {
	var result struct {
		OneLink string `json:"onelink"`
	}
	_ = json.Unmarshal(r.Result, &result)
	return result.OneLink
}

func send(client *http.Client, r *http.Request) (reply, error) {
	res, err := client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	out := reply{status: res.StatusCode, header: res.Header, raw: string(raw), err: err}
	_ = json.Unmarshal(raw, &out)
	return out, nil
}

// call sends one call of the API.
func (s *harness) call(t *testing.T, body any) reply {
	t.Helper()
	out, err := send(s.client, request(t, s.url, body))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// link creates a personal link.
func (s *harness) link(t *testing.T, more fields) string {
	t.Helper()
	out := s.call(t, ask(more))
	if out.link() == "" {
		t.Fatalf("no link: %d %s", out.status, out.raw)
	}
	return out.link()
}

func (s *harness) state(t *testing.T, link string) sandbox.State {
	t.Helper()
	l, ok := s.Link(link)
	if !ok {
		t.Fatalf("link %s is unknown", link)
	}
	return l.State
}

// get opens a page, press submits a form of it.
func (s *harness) get(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	return s.browse(t, http.MethodGet, url, "")
}

func (s *harness) press(t *testing.T, url, form string) (int, string, http.Header) {
	t.Helper()
	return s.browse(t, http.MethodPost, url, form)
}

func (s *harness) browse(t *testing.T, method, url, form string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

// shop receives webhooks and answers them with the statuses it is given, then
// with 200.
type shop struct {
	url string

	mu      sync.Mutex
	answers []int
	got     []string
}

func openShop(t *testing.T, answers ...int) *shop {
	t.Helper()
	sh := &shop{answers: answers}
	srv := httptest.NewServer(sh)
	t.Cleanup(srv.Close)
	sh.url = srv.URL
	return sh
}

func (sh *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		body = fmt.Appendf(nil, "%s with %s", r.Method, r.Header.Get("Content-Type"))
	}
	sh.got = append(sh.got, string(body))
	status := http.StatusOK
	if len(sh.answers) > 0 {
		status, sh.answers = sh.answers[0], sh.answers[1:]
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
}

// received returns the bodies since the last call of it.
func (sh *shop) received() []string {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	got := sh.got
	sh.got = nil
	return got
}

func mustPay(t *testing.T, s *harness, link string, opts ...sandbox.PayOption) sandbox.Payment {
	t.Helper()
	p, err := s.Pay(link, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func renew(t *testing.T, s *harness, p sandbox.Payment, opts ...sandbox.PayOption) sandbox.Payment {
	t.Helper()
	next, err := s.Renew(p.TransactionID, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func change(t *testing.T, s *harness, p sandbox.Payment, eventType string) {
	t.Helper()
	if err := s.Status(p.TransactionID, eventType); err != nil {
		t.Fatal(err)
	}
}

// told compares what the shop was told since last time, webhook by webhook.
func told(t *testing.T, hooks *shop, want ...string) {
	t.Helper()
	var got []string
	for _, body := range hooks.received() {
		got = append(got, summary(t, body))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// summary says in three parts what a webhook tells: its kind, what happened,
// and the price or the state.
func summary(t *testing.T, body string) string {
	t.Helper()
	var w struct {
		Queue struct {
			Type      string `json:"type"`
			EventType string `json:"eventType"`
		} `json:"queue"`
		Parameters struct {
			Status  string `json:"status"`
			Price   string `json:"price"`
			Profile struct {
				RealStatus string `json:"realStatus"`
			} `json:"profile"`
		} `json:"parameters"`
		SubscriberID string `json:"subscriberId"`
	}
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	switch w.Queue.Type {
	case "TransactionInsert":
		return "payment " + w.Parameters.Status + " " + w.Parameters.Price
	case "TransactionRefund":
		return "refund " + w.Parameters.Status + " " + w.Parameters.Price
	case "SubscriberUpdate":
		return "status " + w.Queue.EventType + " " + w.Parameters.Profile.RealStatus
	}
	return "registration " + w.SubscriberID
}
