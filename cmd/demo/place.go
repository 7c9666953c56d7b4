package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/caddy-checkout/checkout/internal/freeport"
)

// place is where the demo is reached. Shop and checkout share one port under two names: the module
// refuses links that lead back to the shop's own host, as it should.
type place struct {
	port    string
	shop    string // origin, such as http://127.0.0.1:8080
	pay     string // origin of the hosted checkout page
	payHost string
	cookie  string // of the session
	https   bool
}

// newPlace checks that the address is free and on loopback: the demo has switches that nobody else
// should reach.
func newPlace(listen string, https bool) (place, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return place{}, fmt.Errorf("--listen %q is not an address: "+
			"write one such as 127.0.0.1:8080", listen)
	}
	if host != "" && host != "localhost" && host != "127.0.0.1" {
		if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
			return place{}, fmt.Errorf("--listen %q: the demo uses 127.0.0.1 and localhost, "+
				"write --listen 127.0.0.1:%s", listen, port)
		}
		return place{}, fmt.Errorf("--listen %q: the demo has no locks on its doors, so it "+
			"listens on this machine only; write --listen 127.0.0.1:%s", listen, port)
	}
	free, err := freePort(port)
	if err != nil {
		return place{}, err
	}
	scheme, prefix := "http", ""
	if https {
		scheme, prefix = "https", "__Host-"
	}
	return place{
		port:    free,
		shop:    scheme + "://127.0.0.1:" + free,
		pay:     scheme + "://localhost:" + free,
		payHost: "localhost:" + free,
		// Cookies do not know ports: two demos in one browser would sign each other out.
		cookie: prefix + "kingfisher_" + free,
		https:  https,
	}, nil
}

// freePort asks for the port without the sharing that Caddy's own listeners allow, so that a second
// demo on the same port is told so instead of answering every other request.
func freePort(port string) (string, error) {
	listen := func() (net.Listener, error) { return net.Listen("tcp4", "127.0.0.1:"+port) }
	if port == "0" {
		listen = freeport.Listen
	}
	l, err := listen()
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		n, _ := strconv.Atoi(port)
		return "", fmt.Errorf("port %s is busy, perhaps with another demo; try: go run "+
			"./cmd/demo --listen 127.0.0.1:%d", port, n+1)
	case err != nil:
		return "", fmt.Errorf("listening on port %s: %w", port, err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
