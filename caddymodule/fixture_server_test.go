package caddymodule_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/sandbox"
)

// server is a whole running Caddy, with its admin endpoint, its log at DEBUG in a file, and a
// stand-in for Zotlo. The endpoint and the site listen on sockets in a folder of the test's own, so
// that no port is fixed.
type server struct {
	t     testing.TB
	zotlo *sandbox.Sandbox
	api   *httptest.Server
	dir   string
}

// serverOptions begin the global options of every server's Caddyfile.
const serverOptions = `
	admin unix/{$DIR}/admin.sock
	persist_config off
	log {
		output file {$DIR}/log.json
		level DEBUG
		format filter {
			resp_headers>Location delete
			resp_headers>Hx-Redirect delete
			resp_headers>X-Inertia-Location delete
			request>headers>Referer delete
			request>uri query {
				replace token REDACTED
				replace offer REDACTED
				replace next REDACTED
			}
		}
	}
	servers {
		trusted_proxies_unix
	}
`

// serverSite begins the site of every server's Caddyfile.
const serverSite = `
	bind unix/{$DIR}/site.sock
`

// openServer runs a Caddyfile, in which {$API} is the stand-in's address and {$DIR} the server's
// folder.
func openServer(t testing.TB, config string) *server {
	t.Helper()
	return openServerWith(t, config, nil)
}

// openServerWith runs a Caddyfile in an environment that is partly another.
func openServerWith(t testing.TB, config string, environment map[string]string) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "caddy") // t.TempDir is too long for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	srv := &server{t: t, dir: dir}
	env := map[string]string{
		"DIR":                   dir,
		"XDG_DATA_HOME":         dir, // of the ledger
		"JWT_SECRET":            jwtSecret,
		"HOOK_TOKEN":            hookToken,
		"ZOTLO_ACCESS_KEY":      accessKey,
		"ZOTLO_ACCESS_SECRET":   accessToken,
		"ZOTLO_APPLICATION_KEY": application,
	}
	maps.Copy(env, environment)
	srv.zotlo = sandbox.New(sandbox.Config{
		AccessKey:      env["ZOTLO_ACCESS_KEY"],
		AccessSecret:   env["ZOTLO_ACCESS_SECRET"],
		ApplicationKey: env["ZOTLO_APPLICATION_KEY"],
		PublicURL:      "https://pay.sandbox.example",
		Client:         &http.Client{Transport: srv.over("site")},
	})
	srv.zotlo.SetWebhooks(sandbox.WebhooksTo("http://shop.example.com/hooks?token=" +
		url.QueryEscape(env["HOOK_TOKEN"])))
	srv.api = httptest.NewServer(srv.zotlo)
	env["API"] = srv.api.URL
	for name, value := range env {
		t.Setenv(name, value)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
		srv.api.Close()
		os.RemoveAll(dir)
	})
	if err := srv.reload(config); err != nil {
		t.Fatal(err)
	}
	return srv
}

// stop ends the running Caddy before its test does.
func (srv *server) stop() {
	srv.t.Helper()
	if err := caddy.Stop(); err != nil {
		srv.t.Fatal(err)
	}
}

func (srv *server) socket(name string) string { return filepath.Join(srv.dir, name+".sock") }

// over is a transport to one of the server's sockets.
func (srv *server) over(socket string) http.RoundTripper {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", srv.socket(socket))
		},
	}
}

// send sends a request over a socket and reads the answer.
func (srv *server) send(socket string, r *http.Request) (*http.Response, []byte) {
	srv.t.Helper()
	again := rewound(srv.t, r)
	res, err := srv.over(socket).RoundTrip(r)
	if errors.Is(err, io.EOF) {
		// A refused configuration has replaced the admin endpoint all the same, and the one before
		// may have taken the connection and closed it unread.
		res, err = srv.over(socket).RoundTrip(again)
	}
	if err != nil {
		log := srv.logged()
		srv.t.Fatalf("%s %s: %v; the log ends with\n%s", r.Method, r.URL, err,
			log[max(0, len(log)-4000):])
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		srv.t.Fatal(err)
	}
	return res, body
}

// rewound is the request once more, with its whole body.
func rewound(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	again := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return again
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	return again
}

// shopperIP is where the server's shoppers come from.
const shopperIP = "203.0.113.7"

// click sends a shopper's request to the site.
func (srv *server) click(path string, options ...func(*request)) (*http.Response, []byte) {
	srv.t.Helper()
	r := &request{httptest.NewRequest(http.MethodGet, "http://shop.example.com"+path, nil)}
	r.RequestURI = ""
	r.Header.Set("X-Forwarded-For", shopperIP) // a socket has no address of its own
	for _, option := range options {
		option(r)
	}
	return srv.send("site", r.Request)
}

// admin asks the admin endpoint as `caddy` itself does.
func (srv *server) admin(method, path, body string, options ...func(*request)) (*http.Response,
	[]byte,
) {
	srv.t.Helper()
	r := &request{httptest.NewRequest(method, "http://127.0.0.1"+path,
		bytes.NewReader([]byte(body)))}
	r.RequestURI = ""
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, option := range options {
		option(r)
	}
	return srv.send("admin", r.Request)
}

// ask puts a question that must be answered, and reads the answer into v.
func (srv *server) ask(method, path, body string, v any) {
	srv.t.Helper()
	res, answer := srv.admin(method, path, body)
	if res.StatusCode != http.StatusOK {
		srv.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, v); err != nil {
		srv.t.Fatalf("%s %s: %v in %s", method, path, err, answer)
	}
}

// pay pays a link and sends the webhooks.
func (srv *server) pay(link string, options ...sandbox.PayOption) sandbox.Payment {
	srv.t.Helper()
	payment, err := srv.zotlo.Pay(link, options...)
	if err != nil {
		srv.t.Fatal(err)
	}
	return payment
}

// serverWith is a server whose one route offers the campaigns that the option defines.
func serverWith(option, directive string) string {
	return "{" + serverOptions + "\n\tcheckout {\n\t\tapi_url {$API}\n\t\tjwt {\n\t\t\tsecret " +
		"{env.JWT_SECRET}\n\t\t\tfrom cookie session\n\t\t}\n" +
		option + "\n\t}\n}\n\nhttp:// {" + serverSite + "\n\t" + directive + "\n}\n"
}

const proCampaign = "\t\tcampaign pro {\n\t\t\tlink_id 1\n\t\t}"
