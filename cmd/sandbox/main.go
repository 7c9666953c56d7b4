// Command sandbox plays Zotlo on this machine, so that a Caddyfile can be tried without keys:
//
//	go run ./cmd/sandbox
//
// It serves the API and the hosted checkout pages of package sandbox, and prints what a Caddyfile
// and its environment need to find it. With --catalog each checkout link sells a product of its
// own. A page shows what was sold and has buttons for what becomes of it; scripts do the same over
// HTTP, --help lists how. Nothing leaves the machine, no money moves, and what it knows is gone
// when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command: it returns the exit code once ctx is done or something went wrong.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(errs)
	listen := flags.String("listen", "127.0.0.1:9911",
		"the loopback `address` of the API and its pages; port 0 finds a free one")
	webhook := flags.String("webhook", "",
		"the `url` that gets the webhooks of a payment; none if empty")
	catalog := flags.String("catalog", "",
		"a CSV or JSON `file` of what each checkout link sells: link_id, package, price, "+
			"currency, and perhaps package_name, name, period, one_time, trial_period, "+
			"trial_price; without it every link sells the same")
	flags.Usage = func() {
		say(errs, "Usage of sandbox:\n")
		flags.PrintDefaults()
		say(errs, "\nWhile it runs, on its own address:\n\n%s\nBodies and answers are JSON; "+
			"members that are not needed may be left out.\n", sandbox.DoorHelp())
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := serve(ctx, *listen, *webhook, *catalog, out); err != nil {
		say(errs, "The sandbox cannot run: %v\n", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, listen, webhook, catalog string, out io.Writer) error {
	// The module takes plain http from loopback only. It refuses links that lead to the site's own
	// host, whatever the port: the host stays as it was written, so that the site can have the
	// other name.
	host, _, err := net.SplitHostPort(listen)
	if err != nil || host != "127.0.0.1" && host != "localhost" {
		return fmt.Errorf("--listen %q: write 127.0.0.1 or localhost, and a port, such as "+
			"127.0.0.1:9911", listen)
	}
	if u, err := url.Parse(webhook); webhook != "" &&
		(err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("--webhook is no URL: write one such as " +
			"http://localhost:8080/hooks/zotlo?token=…")
	}
	products, err := readCatalog(catalog)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp4", listen)
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	at := "http://" + net.JoinHostPort(host, port)
	zotlo := sandbox.New(sandbox.Config{
		PublicURL: at, Webhooks: sandbox.WebhooksTo(webhook), BaseLinks: products,
	})
	server := &http.Server{Handler: zotlo, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	go zotlo.Run(ctx)

	known := "Every link_id is known."
	if products != nil {
		known = "These values of link_id are known: " +
			strings.Join(slices.Sorted(maps.Keys(products)), ", ") + "."
	}
	say(out, welcome, at, sandbox.DefaultAccessKey, sandbox.DefaultAccessSecret,
		sandbox.DefaultApplicationKey, sandbox.DefaultTestApplicationKey, known, host,
		at+sandbox.DoorPath)
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	say(out, "\nStopping.\n")
	// Not the context that has just ended: a payment under way is answered first, if its webhooks
	// do not take for ever.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return server.Close()
	}
	return nil
}

const welcome = `In the Caddyfile, inside the global option checkout { … }:

  api_url %s

In the environment of Caddy:

  export ZOTLO_ACCESS_KEY=%s
  export ZOTLO_ACCESS_SECRET=%s
  export ZOTLO_APPLICATION_KEY=%s

The key of test mode is %s.
%s Open your site under any host but %s: no link may lead back to the site.
What was sold, and what can be done with it: %s
Press Ctrl-C to stop.
`

// readCatalog reads what the links sell; nil without a file.
func readCatalog(path string) (sandbox.Catalog, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--catalog: %w", err)
	}
	defer func() { _ = file.Close() }()
	return sandbox.ReadCatalog(file, path)
}

// say writes to a terminal; whether that succeeds changes nothing.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
