package main

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-checkout/checkout/caddymodule"
)

//go:embed Caddyfile
var caddyfileText []byte

// startCaddy runs the Caddyfile in this process. Its variables go into the environment, as they
// would at home; whatever real keys may stand there are replaced, so that the demo cannot use them.
func (d *demo) startCaddy() error {
	variables := map[string]string{
		"DEMO_DIR":      d.dir,
		"DEMO_DATA":     d.storage.dir,
		"DEMO_SHOP":     d.place.shop,
		"DEMO_PAY":      d.pay,
		"DEMO_PAY_HOST": d.payHost,
		"DEMO_API":      d.apiURL(),
		"DEMO_API_HOST": d.api,
		"DEMO_COOKIE":   d.cookie,
		"XDG_DATA_HOME": d.dir, // where Caddy notes its instance id, wherever its storage is
	}
	for _, set := range []map[string]string{variables, d.secrets} {
		for name, value := range set {
			if err := os.Setenv(name, value); err != nil {
				return err
			}
		}
	}
	if err := loadCaddyfile(); err != nil {
		return err
	}
	return d.trustCaddy()
}

// loadCaddyfile makes Caddy run the Caddyfile as the environment is now.
func loadCaddyfile() error {
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	config, warnings, err := adapter.Adapt(caddyfileText, map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err
	}
	for _, w := range warnings {
		return fmt.Errorf("%s", w)
	}
	return caddy.Load(config, true)
}

// trustCaddy waits for the certificates that Caddy makes after its start, and lets the stand-in's
// webhooks trust them.
func (d *demo) trustCaddy() error {
	if !d.https {
		return nil
	}
	root, err := os.ReadFile(filepath.Join(d.dir, "caddy/pki/authorities/local/root.crt"))
	if err != nil {
		return err
	}
	d.roots.AppendCertsFromPEM(root)
	ctx, cancel := context.WithTimeout(d.ctx, 20*time.Second)
	defer cancel()
	for _, name := range []string{"127.0.0.1", "localhost"} {
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: d.roots, ServerName: name}}
		for {
			conn, err := dialer.DialContext(ctx, "tcp4", "127.0.0.1:"+d.port)
			if err == nil {
				_ = conn.Close()
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("waiting for a certificate for %s: %w", name, err)
			}
			pause(ctx, 20*time.Millisecond)
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

func stopCaddy() error { return caddy.Stop() }

// askAdmin asks the module through Caddy's admin API, and reads its answer into the last argument.
func (d *demo) askAdmin(ctx context.Context, path string, question, answer any) error {
	method := http.MethodPost
	if question == nil {
		method = http.MethodGet
	}
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := d.adminClient().Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the admin API answered %s", res.Status)
	}
	return json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<20)).Decode(answer)
}

func (d *demo) adminClient() *http.Client {
	socket := filepath.Join(d.dir, "admin.sock")
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
}
