package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// demo is everything that runs: the stand-in for Zotlo, the shop, and Caddy in front of both.
type demo struct {
	place
	dir     string // Caddy's storage and the sockets; removed by Close
	storage *storage
	note    string // what to say about the storage
	api     string // host and port of the stand-in's API
	secrets map[string]string
	sandbox *sandbox.Sandbox
	shop    *shop
	roots   *x509.CertPool // of Caddy's own certificates, for the webhooks
	renewed renewals

	log     net.Listener    // where Caddy's log arrives, until Caddy has said its last word
	ctx     context.Context // ends the long requests of the panel
	cancel  context.CancelFunc
	servers []*http.Server
}

// start runs a demo at the place, with the folder of data that was asked for. Beside that folder,
// what it returns, or failed to start, leaves nothing behind once it is closed.
func start(at place, data string) (_ *demo, err error) {
	dir, err := os.MkdirTemp("", "kingfisher-")
	if err != nil {
		return nil, fmt.Errorf("it needs a temporary folder: %w", err)
	}
	d := &demo{
		place: at, dir: filepath.ToSlash(dir), roots: x509.NewCertPool(),
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			_ = d.Close()
		}
	}()

	if d.storage, d.note, err = openStorage(data, filepath.Join(dir, "data")); err != nil {
		return nil, err
	}
	if d.secrets, err = secretsOf(d.storage); err != nil {
		return nil, err
	}
	apiListener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.api = apiListener.Addr().String()
	d.sandbox = sandbox.New(d.sandboxConfig())
	if d.shop, err = newShop(d); err != nil {
		return nil, err
	}
	d.serve(apiListener, atAnyAddress(d.forgetsExpired(d.sandbox)))
	go d.sandbox.Run(d.ctx)

	logListener, err := net.Listen("unix", filepath.Join(dir, "log.sock"))
	if err != nil {
		return nil, err
	}
	d.log = logListener
	go d.shop.history.read(logListener)

	shopListener, err := net.Listen("unix", filepath.Join(dir, "shop.sock"))
	if err != nil {
		return nil, err
	}
	d.serve(shopListener, d.shop)
	return d, d.startCaddy()
}

// secretsOf makes up what a real site has in its environment. What was made up once is kept: the
// ledger is sealed under the access secret, and names people by hashes that it keys.
func secretsOf(s *storage) (map[string]string, error) {
	secrets := make(map[string]string)
	if err := s.load("secrets", &secrets); err != nil {
		return nil, err
	}
	changed := false
	for _, name := range []string{
		"ZOTLO_ACCESS_KEY", "ZOTLO_ACCESS_SECRET", "ZOTLO_APPLICATION_KEY", "ZOTLO_WEBHOOK_TOKEN",
		"JWT_SECRET",
	} {
		if secrets[name] == "" {
			secrets[name], changed = rand.Text()+rand.Text(), true
		}
	}
	if !changed {
		return secrets, nil
	}
	return secrets, s.save("secrets", secrets)
}

// serve runs a server until the demo is closed.
func (d *demo) serve(l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return d.ctx },
	}
	d.servers = append(d.servers, server)
	go func() { _ = server.Serve(l) }()
}

// sandboxConfig is the project that the stand-in plays: what a Dashboard would hold.
func (d *demo) sandboxConfig() sandbox.Config {
	return sandbox.Config{
		AccessKey:      d.secrets["ZOTLO_ACCESS_KEY"],
		AccessSecret:   d.secrets["ZOTLO_ACCESS_SECRET"],
		ApplicationKey: d.secrets["ZOTLO_APPLICATION_KEY"],
		PublicURL:      d.pay,
		SuccessURL:     d.place.shop + "/account",
		KeepRequests:   100, // the panel looks at the newest only
		Webhooks: sandbox.WebhooksTo(d.place.shop + "/hooks/zotlo?token=" +
			d.secrets["ZOTLO_WEBHOOK_TOKEN"]),
		Client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: d.roots, ServerName: "127.0.0.1"},
		}},
		BaseLinks: map[string]sandbox.BaseLink{
			"plus-monthly": {
				Name: "Plus, monthly", PackageID: planPlus, PackageName: "Plus",
				Price: "4.99", Currency: "EUR",
			},
			"plus-monthly-tr": {
				Name: "Plus, monthly, Turkey", PackageID: planPlus, PackageName: "Plus",
				Price: "129.00", Currency: "TRY",
			},
			"forever": {
				Name: "Forever", PackageID: planForever, PackageName: "Forever",
				Price: "89.00", Currency: "EUR", PaymentType: sandbox.Consumable,
			},
			"invoice": {
				Name: "Invoices", PackageID: packageInvoice, PackageName: "Invoice",
				Price: "1.00", Currency: "EUR", PaymentType: sandbox.Consumable,
			},
		},
	}
}

// Close stops everything, requests that are still running included, and removes the folder.
func (d *demo) Close() error {
	d.cancel()
	for _, server := range d.servers {
		_ = server.Close() // cuts the requests off: nobody waits for a demo
	}
	d.renewed.mu.Lock() // nothing is loaded after the end
	defer d.renewed.mu.Unlock()
	err := stopCaddy()
	if d.log != nil {
		_ = d.log.Close()
	}
	if d.storage != nil {
		err = errors.Join(err, d.storage.close())
	}
	return errors.Join(err, removeDir(d.dir))
}

// removeDir removes the folder. A job of Caddy's that was under way may still write its last file
// into it.
func removeDir(dir string) (err error) {
	for range 50 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		pause(context.Background(), 20*time.Millisecond)
	}
	return err
}
