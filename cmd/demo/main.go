// Command demo is a small shop behind Caddy with the checkout module, in one process:
//
//	go run ./cmd/demo
//
// It needs no keys, no network and no configuration. Package sandbox plays Zotlo, with its API, its
// hosted checkout page and its webhooks; Caddy runs the Caddyfile that lies beside this file; the
// shop is a plain http.Handler that knows nothing of checkout links. A panel on every page tells
// what the module just did and which lines made it do so.
//
// It listens on loopback only. Who has paid, and the keys that belong to it, are kept in the folder
// that --data names, so the next start knows. Everything else is in memory and in one temporary
// folder, which is removed at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command: it returns the exit code once ctx is done or something went wrong.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(errs)
	listen := flags.String("listen", "127.0.0.1:8080",
		"the loopback `address` of the shop; port 0 finds a free one")
	https := flags.Bool("https", false,
		"serve over https, with certificates that your browser will warn about")
	data := flags.String("data", "",
		"the `folder` that keeps who has paid; default: "+defaultFolder+
			" in your folder for caches")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}

	say(out, "Starting a shop behind Caddy, and a stand-in for Zotlo …\n")
	place, err := newPlace(*listen, *https)
	if err != nil {
		say(errs, "The demo cannot start: %v\n", err)
		return 1
	}
	d, err := start(place, *data)
	if err != nil {
		say(errs, "The demo cannot start: %v\n", err)
		return 1
	}
	say(out, welcome, place.shop, place.pay, place.shop, d.storage.dir)
	say(out, "%s", d.note)
	<-ctx.Done()
	say(out, "\nStopping.\n")
	if err := d.Close(); err != nil {
		say(errs, "Not everything could be cleaned up: %v\n", err)
		return 1
	}
	return 0
}

const welcome = `
  The shop       %s      open this
  The checkout   %s      plays Zotlo's hosted page; no money moves
  The Caddyfile  %s/caddyfile

All of it lives in this process. Press Ctrl-C to stop. Who has paid is kept for the next start in
  %s
`

// say writes to a terminal; whether that succeeds changes nothing.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
