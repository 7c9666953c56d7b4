package e2e_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

// passing hands webhooks on to the site's own backend.
func passing(b *backend) string {
	return strings.NewReplacer(
		"{env.HOOK_TOKEN}\n", "{env.HOOK_TOKEN}\n\t\tpass_through\n",
		"metrics /metrics\n", "metrics /metrics\n\treverse_proxy "+b.Listener.Addr().String()+"\n",
	).Replace(shoptest.Selling)
}

func TestPassThrough(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	s := shoptest.OpenSelling(t, passing(b))
	link := s.Sold(t, ann, "/lifetime")

	b.answers(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "down for the night", http.StatusBadGateway)
	})
	s.Pay(t, link)
	payment := s.Event(t, sandbox.KindPayment)
	if payment.State != sandbox.Pending || len(payment.Attempts) != 1 ||
		payment.Attempts[0].Status != http.StatusBadGateway {
		t.Fatalf("the backend failed, and the webhook is %s after %v", payment.State,
			payment.Attempts)
	}
	if next := s.Sold(t, ann, "/lifetime"); next.URL == link.URL {
		t.Error("the link lives on while the backend fails")
	}

	b.answers(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "noted") })
	s.Clock.Advance(10 * time.Minute)
	s.Zotlo.Deliver(t.Context())
	if payment = s.Event(t, sandbox.KindPayment); payment.State != sandbox.Delivered {
		t.Errorf("after the repeat the webhook is %s, %v", payment.State, payment.Attempts)
	}
	s.WantSum(t, shoptest.Conversions, "", 1)
	wantUntouched(t, s, b, payment)

	guess, err := http.Post("http://"+s.HTTP+"/hooks/zotlo?token=guessed", "application/json",
		strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	guess.Body.Close()
	if guess.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong token got %s", guess.Status)
	}
	for _, r := range b.received() {
		if strings.Contains(r.URI, "guessed") {
			t.Error("a webhook with a wrong token reached the backend")
		}
	}
}

// wantUntouched checks that the backend got both deliveries of a webhook as they were sent, but for
// what every proxy adds.
func wantUntouched(t *testing.T, s *shoptest.Shop, b *backend, e sandbox.Event) {
	t.Helper()
	path := shoptest.HookPath + url.QueryEscape(shoptest.HookToken)
	want := received{http.MethodPost, path, string(e.Body), http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Zotlo-Sandbox"},
		"Content-Length": {strconv.Itoa(len(e.Body))}, "Accept-Encoding": {"gzip"},
	}}
	n := 0
	for _, got := range b.received() {
		if got.Body != want.Body {
			continue
		}
		n++
		for _, name := range []string{
			"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via",
		} {
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

// The node dies after it has written the payment down and before Zotlo has its answer. The repeat
// finds a new process, whose ledger knows the payment: it was counted by the process that died.
func TestCrashBetweenTheLedgerAndTheAnswer(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	s := shoptest.OpenSelling(t, passing(b))
	link := s.Sold(t, ann, "/monthly")
	s.Zotlo.HoldWebhooks()
	s.Pay(t, link)
	payment := s.Event(t, sandbox.KindPayment)

	inside := make(chan struct{})
	b.answers(func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done()
	})
	tried := make(chan error, 1)
	go func() {
		_, err := s.Zotlo.Send(context.Background(), payment.ID)
		tried <- err
	}()
	<-inside
	s.Kill()
	if err := <-tried; err == nil {
		t.Fatal("a node that died answered")
	}
	b.answers(func(http.ResponseWriter, *http.Request) {})
	s.Restart()

	s.Clock.Advance(10 * time.Minute)
	s.Zotlo.ReleaseWebhooks(t.Context())
	payment = s.Event(t, sandbox.KindPayment)
	if payment.State != sandbox.Delivered || len(payment.Attempts) != 2 {
		t.Errorf("the webhook is %s after %v", payment.State, payment.Attempts)
	}
	s.WantSum(t, shoptest.Conversions, `campaign="monthly"`, 0)
	s.WantSum(t, shoptest.Webhooks, `result="repeated",type="payment"`, 1)
	if got := s.Click(t, ann, "/monthly"); got.Header.Get("Location") != "/account" {
		t.Errorf("a subscriber was sent to %q, want the account page", got.Header.Get("Location"))
	}
}

// A site may name a second backend for the time when the first is down, as for any other request.
func TestWebhookReachesTheBackendBehindTheErrorPages(t *testing.T) {
	t.Parallel()
	first, second := openBackend(t), openBackend(t)
	to := "\treverse_proxy " + first.Listener.Addr().String() + "\n"
	pages := "\thandle_errors {\n\t\treverse_proxy " + second.Listener.Addr().String() + "\n\t}\n"
	s := shoptest.OpenSelling(t, strings.Replace(passing(first), to, to+pages, 1))
	first.Close()
	got := s.SendHook(t, http.MethodPost, "?token="+shoptest.HookToken, `{"queue":{}}`)
	if got != http.StatusOK {
		t.Errorf("answered %d", got)
	}
	if heard := second.received(); len(heard) != 1 || heard[0].Body != `{"queue":{}}` {
		t.Errorf("the second backend heard %v", heard)
	}
}
