package caddymodule_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/sandbox"
)

// What the tests' configurations read from the environment.
const (
	jwtSecret   = "a test's own signing key, 32 bytes or more"
	accessKey   = "sandbox-access-key"
	accessToken = "sandbox-access-secret"
	application = "sandbox-application-key"
)

// shop is a site with the module in front of it, and a stand-in for Zotlo behind it. It runs the
// adapted site's handlers without Caddy's listeners, so that tests need no ports of Caddy's.
type shop struct {
	t     testing.TB
	zotlo *sandbox.Sandbox
	api   *httptest.Server
	site  *httptest.Server
	via   http.RoundTripper // how clicks travel; the default is HTTP/1.1
	live  atomic.Pointer[liveConfig]
}

// liveConfig is one loaded configuration.
type liveConfig struct {
	handler caddyhttp.MiddlewareHandler
	errors  caddyhttp.MiddlewareHandler // handle_errors, may be nil
	end     context.CancelFunc
	ctx     caddy.Context
}

// openShop starts a shop. In the Caddyfile, {$API} is the stand-in's address.
func openShop(t testing.TB, config string) *shop {
	t.Helper()
	s := &shop{
		t: t, via: http.DefaultTransport,
		zotlo: sandbox.New(sandbox.Config{PublicURL: "https://pay.sandbox.example"}),
	}
	s.api = httptest.NewServer(s.zotlo)
	t.Cleanup(s.api.Close)
	s.setEnv()
	s.site = httptest.NewServer(s)
	t.Cleanup(s.site.Close)
	if err := s.reload(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.live.Load().end() })
	return s
}

func (s *shop) setEnv() {
	for name, value := range map[string]string{
		"API":                   s.api.URL,
		"XDG_DATA_HOME":         s.t.TempDir(), // of the ledger
		"JWT_SECRET":            jwtSecret,
		"ZOTLO_ACCESS_KEY":      accessKey,
		"ZOTLO_ACCESS_SECRET":   accessToken,
		"ZOTLO_APPLICATION_KEY": application,
	} {
		s.t.Setenv(name, value)
	}
}

// reload loads a configuration beside the running one and then ends that, as Caddy does. One that
// fails changes nothing.
func (s *shop) reload(config string) error {
	s.t.Helper()
	next, err := load(s.t, config)
	if err != nil {
		return err
	}
	if old := s.live.Swap(next); old != nil {
		old.end()
	}
	return nil
}

// load adapts a Caddyfile of one site and makes its handlers.
func load(t testing.TB, config string) (*liveConfig, error) {
	t.Helper()
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	text, _, err := adapter.Adapt([]byte(config), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return nil, err
	}
	var adapted struct {
		Apps struct {
			Checkout json.RawMessage `json:"checkout"`
			HTTP     struct {
				Servers map[string]struct {
					Routes json.RawMessage `json:"routes"`
					Errors *struct {
						Routes json.RawMessage `json:"routes"`
					} `json:"errors"`
				} `json:"servers"`
			} `json:"http"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(text, &adapted); err != nil {
		return nil, err
	}
	base, err := caddy.ProvisionContext(nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := caddy.NewContext(base)
	live := &liveConfig{ctx: ctx, end: cancel}
	if err := live.provision(adapted.Apps.Checkout); err != nil {
		cancel()
		return nil, err
	}
	server := adapted.Apps.HTTP.Servers["srv0"]
	if live.handler, err = subroute(ctx, server.Routes); err != nil {
		cancel()
		return nil, err
	}
	if server.Errors != nil {
		if live.errors, err = subroute(ctx, server.Errors.Routes); err != nil {
			cancel()
			return nil, err
		}
	}
	app, err := ctx.App("checkout")
	if err != nil {
		cancel()
		return nil, err
	}
	if err := app.(caddy.App).Start(); err != nil {
		cancel()
		return nil, err
	}
	return live, nil
}

func (l *liveConfig) provision(app json.RawMessage) error {
	if app == nil {
		return nil // Caddy makes it on demand
	}
	_, err := l.ctx.LoadModuleByID("checkout", app)
	return err
}

func subroute(ctx caddy.Context, routes json.RawMessage) (caddyhttp.MiddlewareHandler, error) {
	v, err := ctx.LoadModuleByID("http.handlers.subroute",
		json.RawMessage(fmt.Sprintf(`{"routes":%s}`, routes)))
	if err != nil {
		return nil, err
	}
	return v.(caddyhttp.MiddlewareHandler), nil
}

// ServeHTTP does what Caddy's server does around a site's handlers.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	live := s.live.Load()
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, serverWithErrorPages())
	end := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("X-Next", "reached")
		_, err := io.WriteString(w, "the site's own page")
		return err
	})
	err := live.handler.ServeHTTP(w, r, end)
	if err == nil {
		return
	}
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	w.Header().Set("X-Outcome", repl.ReplaceAll("{http.checkout.outcome}", ""))
	status := http.StatusInternalServerError
	if failure, ok := errors.AsType[caddyhttp.HandlerError](err); ok {
		status = failure.StatusCode
		w.Header().Set("X-Error-Message", failure.Err.Error())
	}
	w.WriteHeader(status)
}

// serverWithErrorPages is the server of a site with handle_errors.
func serverWithErrorPages() *caddyhttp.Server {
	page := caddyhttp.Route{Handlers: []caddyhttp.MiddlewareHandler{new(caddyhttp.StaticResponse)}}
	return &caddyhttp.Server{Errors: &caddyhttp.HTTPErrorConfig{Routes: caddyhttp.RouteList{page}}}
}

// click sends a request and follows no redirect.
func (s *shop) click(path string, options ...func(*request)) *http.Response {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.site.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	wrapped := &request{req}
	for _, option := range options {
		option(wrapped)
	}
	res, err := s.via.RoundTrip(wrapped.Request)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { res.Body.Close() })
	return res
}

// hooksTo sends the stand-in's webhooks to the shop.
func hooksTo(s *shop) sandbox.Webhooks {
	return sandbox.WebhooksTo(s.site.URL + "/hooks/zotlo?token=" + url.QueryEscape(hookToken))
}
