package checkout_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-checkout/checkout/sandbox"
)

const (
	shopHost  = "shop.example.com"
	payURL    = "https://pay.example.com" // where the stand-in's links lead
	jwtSecret = "the key that signs this shop's sessions"
	ann       = "ann@example.com"
	ben       = "ben@example.com"
)

// shop is a site in front of the module, Caddy around them, and a stand-in for Zotlo behind.
type shop struct {
	*process
	zotlo  *sandbox.Sandbox
	clock  *sandbox.Clock // of the stand-in: its webhooks and the hour of its links
	api    string         // the stand-in's address
	asked  chan struct{}  // gets one for every API call that arrives, while there is room
	gate   sync.RWMutex   // while it is locked, API calls wait
	client *http.Client
}

// openShop starts Caddy with this Caddyfile. It finds the stand-in's address in {$API} and the keys in the environment,
// where further variables are put and may take the place of those.
func openShop(t *testing.T, caddyfile string, env ...string) *shop {
	t.Helper()
	s := &shop{clock: sandbox.NewClock(time.Now()), asked: make(chan struct{}, 1000)}
	s.zotlo = sandbox.New(sandbox.Config{PublicURL: payURL, Now: s.clock.Now})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.asked <- struct{}{}:
		default:
		}
		s.gate.RLock()
		defer s.gate.RUnlock()
		s.zotlo.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	s.api = api.URL
	s.open(t, caddyfile, env...)
	return s
}

// open starts the shop's Caddy.
func (s *shop) open(t *testing.T, caddyfile string, env ...string) {
	t.Helper()
	keys := []string{
		"API=" + s.api, "JWT_SECRET=" + jwtSecret, "ZOTLO_ACCESS_KEY=" + sandbox.DefaultAccessKey,
		"ZOTLO_ACCESS_SECRET=" + sandbox.DefaultAccessSecret, "ZOTLO_APPLICATION_KEY=" + sandbox.DefaultApplicationKey,
	}
	s.process = startCaddy(t, caddyfile, append(keys, env...)...)
	s.client = browser(t, &http.Transport{DialContext: dialTo("tcp", s.http), MaxIdleConnsPerHost: 64})
}

// holdAPI makes API calls wait until release is called.
func (s *shop) holdAPI(t *testing.T) (release func()) {
	s.gate.Lock()
	release = sync.OnceFunc(s.gate.Unlock)
	t.Cleanup(release)
	return release
}

// waitAsked waits until an API call has arrived, answered or not.
func (s *shop) waitAsked(t *testing.T) {
	t.Helper()
	select {
	case <-s.asked:
	case <-time.After(patience):
		t.Fatal("no API call arrives")
	}
}

// clickAtOnce sends n clicks of one user and returns when all of them are on their way; wait collects the replies.
func (s *shop) clickAtOnce(t *testing.T, n int, email, path string) (wait func() []reply) {
	t.Helper()
	var sent, done sync.WaitGroup
	sent.Add(n)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { sent.Done() },
	})
	client := browser(t, &http.Transport{DialContext: dialTo("tcp", s.http), DisableKeepAlives: true})
	replies, errs := make([]reply, n), make([]error, n)
	for i := range n {
		done.Go(func() { replies[i], errs[i] = try(ctx, client, email, "http://"+shopHost+path) })
	}
	sent.Wait()
	return func() []reply {
		t.Helper()
		done.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		return replies
	}
}

// browser is a client that stops at the first redirect.
func browser(t *testing.T, transport http.RoundTripper) *http.Client {
	t.Helper()
	client := &http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// dialTo leads every connection to one address, whatever host is asked for.
func dialTo(network, addr string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
}

// reply is what a shopper got.
type reply struct {
	*http.Response
	body string
}

// click opens a path as a signed-in user, or as nobody if the e-mail is empty.
func (s *shop) click(t *testing.T, email, path string) reply {
	t.Helper()
	return ask(t, s.client, email, "http://"+shopHost+path)
}

func ask(t *testing.T, client *http.Client, email, url string) reply {
	t.Helper()
	got, err := try(t.Context(), client, email, url)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// try is for goroutines, which must not end a test.
func try(ctx context.Context, client *http.Client, email, url string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return reply{}, err
	}
	if email != "" {
		r.AddCookie(&http.Cookie{Name: "session", Value: session(email)})
	}
	return do(client, r)
}

func do(client *http.Client, r *http.Request) (reply, error) {
	resp, err := client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp, string(body)}, err
}

// session is the token that the shop's own backend would give a user at login.
func session(email string) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "user-of-" + email, "email": email, "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(jwtSecret))
	if err != nil {
		panic(err)
	}
	return token
}

// wantLinkOf checks that a reply leads to an open checkout page in one user's name, and is for nobody else to keep.
func (s *shop) wantLinkOf(t *testing.T, email string, got reply) {
	t.Helper()
	if got.StatusCode != http.StatusSeeOther || got.body != "" {
		t.Fatalf("%s got %s %q, want 303 and no body", email, got.Status, got.body)
	}
	link, known := s.zotlo.Link(got.Header.Get("Location"))
	if !known || link.SubscriberID != email || link.State != sandbox.Open {
		t.Errorf("%s was sent to a link of %q (known %t, %s)", email, link.SubscriberID, known, link.State)
	}
	wantPrivate(t, got)
}

// wantPrivate checks the four headers of every answer of ours.
func wantPrivate(t *testing.T, got reply) {
	t.Helper()
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex",
	} {
		if values := got.Header.Values(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s: %q, want %q", name, values, want)
		}
	}
}

func (s *shop) wantCalls(t *testing.T, want int) {
	t.Helper()
	if got := s.zotlo.Calls(); got != want {
		t.Errorf("%d API calls, want %d", got, want)
	}
}

// mustReload loads a Caddyfile that must load.
func (s *shop) mustReload(t *testing.T, caddyfile string) {
	t.Helper()
	if err := s.reload(caddyfile); err != nil {
		t.Fatal(err)
	}
}

// admin reads a path of the admin API.
func (s *shop) admin(t *testing.T, path string) string {
	t.Helper()
	client := browser(t, &http.Transport{DialContext: dialTo("unix", s.adminSocket()), DisableKeepAlives: true})
	got := ask(t, client, "", "http://localhost"+path)
	if got.StatusCode != http.StatusOK {
		t.Fatalf("admin %s: %s\n%s", path, got.Status, got.body)
	}
	return got.body
}

// wantMetric checks a sample's value on the site's /metrics.
func (s *shop) wantMetric(t *testing.T, series, want string) {
	t.Helper()
	page := s.click(t, "", "/metrics").body
	if got := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (.*)$`).FindStringSubmatch(page); got == nil || got[1] != want {
		t.Errorf("%s is %q, want %s, in\n%s", series, got, want, page)
	}
}

// secrets are the texts that must not be found where configurations are kept.
func secrets() []string {
	return []string{jwtSecret, sandbox.DefaultAccessKey, sandbox.DefaultAccessSecret, sandbox.DefaultApplicationKey}
}

func wantNone(t *testing.T, where, text string, words ...string) {
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

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
