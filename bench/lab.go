package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/caddy-checkout/checkout/internal/freeport"
	"github.com/caddy-checkout/checkout/sandbox"
)

// lab is what all parts share: the binary, a directory, and a stand-in for Zotlo that answers at
// once unless told otherwise.
type lab struct {
	settings
	dir    string
	binary string
	zotlo  *api
	keys   keys

	command, machine string  // of the part that runs
	found            results // so far
}

// api is a stand-in for Zotlo over HTTP.
type api struct {
	*sandbox.Sandbox
	url    string
	server *http.Server
}

// openLab builds the production binary and opens the stand-in.
func openLab(ctx context.Context, s settings) (*lab, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	l := &lab{settings: s, dir: dir, binary: filepath.Join(dir, "caddy")}
	if err := goBuild(ctx, l.binary, "cmd/caddy"); err != nil {
		l.close()
		return nil, err
	}
	if l.keys, err = makeKeys(dir); err != nil {
		l.close()
		return nil, err
	}
	if l.zotlo, err = openAPI(linkBase, 1); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// goBuild builds a command of ours.
func goBuild(ctx context.Context, binary, command string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", binary,
		"github.com/caddy-checkout/checkout/"+command)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", command, err, out)
	}
	return nil
}

// linkBase is what personal links begin with.
const linkBase = "https://pay.example.com"

// openAPI remembers that many links and no calls: what is measured is the site, and both run on the
// same machine.
func openAPI(publicURL string, links int) (*api, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &api{
		Sandbox: sandbox.New(sandbox.Config{
			PublicURL: publicURL, KeepRequests: -1, KeepLinks: links,
		}),
		url: "http://" + listener.Addr().String(),
	}
	a.server = &http.Server{Handler: a}
	go func() { _ = a.server.Serve(listener) }()
	return a, nil
}

func (a *api) close() { a.server.Close() }

func (l *lab) close() {
	if l.zotlo != nil {
		l.zotlo.close()
	}
	os.RemoveAll(l.dir)
}

// call is the request to the API that the site makes for a shopper, as bytes.
func (a *api) call(subscriber string) []byte {
	body := fmt.Sprintf(`{"applicationKey":%q,"checkoutLinkId":"123","subscriberId":%q,`+
		`"subscriberIpAddress":"127.0.0.1","language":"en"}`,
		sandbox.DefaultApplicationKey, subscriber)
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAccessKey: %s\r\nAccessSecret: %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		sandbox.OneLinkPath, a.addr(), sandbox.DefaultAccessKey, sandbox.DefaultAccessSecret,
		len(body), body)
}

func (a *api) addr() string { return strings.TrimPrefix(a.url, "http://") }

// link creates a personal link without the site, so that what redir sends is as long as what we
// send.
func (a *api) link() (string, error) {
	_, body, err := ask(a.addr(), a.call("somebody@example.com"))
	if err != nil {
		return "", err
	}
	var answer struct {
		Result struct {
			OneLink string `json:"onelink"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return "", err
	}
	if answer.Result.OneLink == "" {
		return "", fmt.Errorf("the stand-in for the API gave no link: %s", body)
	}
	return answer.Result.OneLink, nil
}

// freePort finds a port of loopback. Another process may take it before it is used; then the part
// fails and can be repeated.
func freePort() (string, error) {
	addr, err := freeport.Addr()
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(addr)
	return port, err
}

// startPatience is how long a server may take to come up.
const startPatience = time.Minute
