// Command click serves a site with one campaign and has one user click on it again and again. Built
// with `go build -cover -covermode=atomic`, it writes what ran while the cache answered into the
// folder it is given.
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/coverage"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/golang-jwt/jwt/v5"

	_ "github.com/caddy-checkout/checkout/caddymodule"
	"github.com/caddy-checkout/checkout/internal/freeport"
	"github.com/caddy-checkout/checkout/sandbox"
)

// site has one campaign with one text, and no placeholder in it.
const site = `{
	admin off
	persist_config off
	log {
		output discard
	}
	checkout {
		api_url {$API}
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign pro {
			link_id 123
			package_name "Pro, yearly"
		}
	}
}

http://{$ADDR} {
	bind 127.0.0.1
	checkout_link /upgrade pro {
		anonymous redirect /login?next={http.checkout.return_to}
		fallback /pricing
	}
}
`

const (
	warmUp = 5 // the first click creates the link
	secret = "a key for one measurement, 32 bytes or more"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: click <folder for the counters> <clicks>")
		os.Exit(2)
	}
	clicks, err := strconv.Atoi(os.Args[2])
	if err == nil {
		err = measure(os.Args[1], clicks)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "click:", err)
		os.Exit(1)
	}
}

func measure(dir string, clicks int) error {
	zotlo := sandbox.New(sandbox.Config{PublicURL: "https://pay.sandbox.example"})
	api := httptest.NewServer(zotlo)
	defer api.Close()
	addr, err := serve(api.URL)
	if err != nil {
		return err
	}
	defer caddy.Stop()
	if err := click("http://"+addr+"/upgrade", warmUp); err != nil {
		return err
	}
	if err := coverage.ClearCounters(); err != nil {
		return err
	}
	if err := click("http://"+addr+"/upgrade", clicks); err != nil {
		return err
	}
	if n := zotlo.Calls(); n != 1 {
		return fmt.Errorf("%d API calls, want 1: not answered from the cache", n)
	}
	if err := coverage.WriteMetaDir(dir); err != nil {
		return err
	}
	return coverage.WriteCountersDir(dir)
}

// serve runs Caddy with the site and answers where.
func serve(api string) (string, error) {
	addr, err := freeport.Addr()
	if err != nil {
		return "", err
	}
	for name, value := range map[string]string{
		"API": api, "ADDR": addr, "JWT_SECRET": secret,
		"ZOTLO_ACCESS_KEY":      sandbox.DefaultAccessKey,
		"ZOTLO_ACCESS_SECRET":   sandbox.DefaultAccessSecret,
		"ZOTLO_APPLICATION_KEY": sandbox.DefaultApplicationKey,
	} {
		if err := os.Setenv(name, value); err != nil {
			return "", err
		}
	}
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	config, _, err := adapter.Adapt([]byte(site), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return "", err
	}
	return addr, caddy.Load(config, true)
}

// click has the same user follow the link n times.
func click(url string, n int) error {
	session, err := token()
	if err != nil {
		return err
	}
	for range n {
		req, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		req.AddCookie(&http.Cookie{Name: "session", Value: session})
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return err
		}
		res.Body.Close()
		if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther ||
			!strings.HasPrefix(to, "https://pay.sandbox.example/") {
			return fmt.Errorf("status %d to %q, want 303 to a link", res.StatusCode, to)
		}
	}
	return nil
}

// token signs the user in.
func token() (string, error) {
	claims := jwt.MapClaims{"email": "ann@example.com", "exp": time.Now().Add(time.Hour).Unix()}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
}
