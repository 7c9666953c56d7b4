package checkout_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/sandbox"
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

// passing hands webhooks on to the site's own backend.
func passing(b *backend) string {
	return strings.NewReplacer(
		"{env.HOOK_TOKEN}\n", "{env.HOOK_TOKEN}\n\t\tpass_through\n",
		"metrics /metrics\n", "metrics /metrics\n\treverse_proxy "+b.Listener.Addr().String()+"\n",
	).Replace(selling)
}

func TestPassThrough(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	s := openSellingShop(t, passing(b))
	link := s.sold(t, ann, "/lifetime")

	b.answers(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "down for the night", http.StatusBadGateway)
	})
	s.pay(t, link)
	payment := s.event(t, sandbox.KindPayment)
	if payment.State != sandbox.Pending || len(payment.Attempts) != 1 || payment.Attempts[0].Status != http.StatusBadGateway {
		t.Fatalf("the backend failed, and the webhook is %s after %v", payment.State, payment.Attempts)
	}
	if next := s.sold(t, ann, "/lifetime"); next.URL == link.URL {
		t.Error("the link lives on while the backend fails")
	}

	b.answers(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "noted") })
	s.clock.Advance(10 * time.Minute)
	s.zotlo.Deliver(t.Context())
	if payment = s.event(t, sandbox.KindPayment); payment.State != sandbox.Delivered {
		t.Errorf("after the repeat the webhook is %s, %v", payment.State, payment.Attempts)
	}
	s.wantSum(t, conversions, "", 1)
	s.wantUntouched(t, b, payment)

	stranger, err := http.Post("http://"+s.http+"/hooks/zotlo?token=guessed", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	stranger.Body.Close()
	if stranger.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong token got %s", stranger.Status)
	}
	for _, r := range b.received() {
		if strings.Contains(r.URI, "guessed") {
			t.Error("a webhook with a wrong token reached the backend")
		}
	}
}

// wantUntouched checks that the backend got both deliveries of a webhook as they were sent, but for what every proxy adds.
func (s *shop) wantUntouched(t *testing.T, b *backend, e sandbox.Event) {
	t.Helper()
	want := received{http.MethodPost, hookPath + url.QueryEscape(hookToken), string(e.Body), http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Zotlo-Sandbox"}, "Content-Length": {strconv.Itoa(len(e.Body))},
		"Accept-Encoding": {"gzip"},
	}}
	n := 0
	for _, got := range b.received() {
		if got.Body != want.Body {
			continue
		}
		n++
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via"} {
			got.Header.Del(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the webhook changed on its way (-sent +got):\n%s", diff)
		}
	}
	if n != 2 {
		t.Errorf("the backend got the webhook %d times, want 2", n)
	}
}

// The node dies after it has forgotten the link and before Zotlo has its answer. The repeat finds a new process.
func TestCrashBetweenForgettingAndTheAnswer(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	s := openSellingShop(t, passing(b))
	link := s.sold(t, ann, "/monthly")
	s.zotlo.HoldWebhooks()
	s.pay(t, link)
	payment := s.event(t, sandbox.KindPayment)

	inside := make(chan struct{})
	b.answers(func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done()
	})
	tried := make(chan error, 1)
	go func() {
		_, err := s.zotlo.Send(context.Background(), payment.ID)
		tried <- err
	}()
	<-inside
	s.kill()
	if err := <-tried; err == nil {
		t.Fatal("a node that died answered")
	}
	b.answers(func(http.ResponseWriter, *http.Request) {})
	s.restart()

	s.clock.Advance(10 * time.Minute)
	s.zotlo.ReleaseWebhooks(t.Context())
	if payment = s.event(t, sandbox.KindPayment); payment.State != sandbox.Delivered || len(payment.Attempts) != 2 {
		t.Errorf("the webhook is %s after %v", payment.State, payment.Attempts)
	}
	s.wantSum(t, conversions, `campaign="monthly"`, 1)
	if got := s.click(t, ann, "/monthly"); got.Header.Get("Location") != "/account" {
		t.Errorf("a subscriber was sent to %q, want her account", got.Header.Get("Location"))
	}
}

// Caddy logs an error with the request's address, and a webhook's address holds its token. So a webhook is never an error of Caddy's.
func TestRefusedWebhookLogsNoToken(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling) // with debug, which logs every error
	const known = "?token=" + hookToken
	for _, tt := range []struct {
		method, query, body string
		want                int
	}{
		{http.MethodPost, "?token=guessed-by-a-stranger", "{}", http.StatusUnauthorized},
		{http.MethodGet, known, "", http.StatusMethodNotAllowed},
		{http.MethodPost, known, "{", http.StatusBadRequest},
		{http.MethodPost, known, strings.Repeat(" ", 70_000), http.StatusRequestEntityTooLarge},
	} {
		if got := s.sendHook(t, tt.method, tt.query, tt.body); got != tt.want {
			t.Errorf("%s %.10q is answered %d, want %d", tt.method, tt.body, got, tt.want)
		}
	}
	wantNone(t, "the log", s.log.String(), hookToken, "guessed-by-a-stranger")
}

func TestWebhookThatItsBackendFailsLogsNoToken(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	s := openSellingShop(t, strings.Replace(passing(b), "\tdebug\n", "", 1)) // with it, reverse_proxy logs whole requests
	b.Close()
	if got := s.sendHook(t, http.MethodPost, "?token="+hookToken, "{}"); got != http.StatusBadGateway {
		t.Errorf("without a backend: %d", got)
	}
	if !s.logged("a webhook's next handler failed") {
		t.Error("nobody is told that the backend failed")
	}
	wantNone(t, "the log", s.log.String(), hookToken)
}

// A site may name a second backend for the time when the first is down, as for any other request.
func TestWebhookReachesTheBackendBehindTheErrorPages(t *testing.T) {
	t.Parallel()
	first, second := openBackend(t), openBackend(t)
	s := openSellingShop(t, strings.Replace(passing(first), "\treverse_proxy "+first.Listener.Addr().String()+"\n",
		"\treverse_proxy "+first.Listener.Addr().String()+"\n\thandle_errors {\n\t\treverse_proxy "+second.Listener.Addr().String()+"\n\t}\n", 1))
	first.Close()
	if got := s.sendHook(t, http.MethodPost, "?token="+hookToken, `{"queue":{}}`); got != http.StatusOK {
		t.Errorf("answered %d", got)
	}
	if heard := second.received(); len(heard) != 1 || heard[0].Body != `{"queue":{}}` {
		t.Errorf("the second backend heard %v", heard)
	}
}

// sendHook returns the status that a request to the webhook's address gets.
func (s *shop) sendHook(t *testing.T, method, query, body string) int {
	t.Helper()
	address := "http://" + s.http + "/hooks/zotlo" + strings.ReplaceAll(query, " ", "+")
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
