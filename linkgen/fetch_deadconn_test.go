package linkgen_test

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/sandbox"
	"github.com/caddy-checkout/checkout/zotlo"
)

// tunnel carries connections to a server until it swallows what is on them, as a NAT does that has
// forgotten them: nothing is closed, nothing arrives. New connections work.
type tunnel struct {
	net.Listener
	swallowed atomic.Int64 // connections up to this number are dead
	opened    atomic.Int64
}

func openTunnel(t *testing.T, to string) *tunnel {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tun := &tunnel{Listener: listener}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				return
			}
			t.Cleanup(func() { near.Close(); far.Close() })
			n := tun.opened.Add(1)
			go tun.carry(n, near, far)
			go tun.carry(n, far, near)
		}
	}()
	return tun
}

func (tun *tunnel) carry(n int64, from io.Reader, to io.Writer) {
	buffer := make([]byte, 4096)
	for {
		got, err := from.Read(buffer)
		if err != nil {
			return
		}
		if n <= tun.swallowed.Load() {
			continue
		}
		if _, err := to.Write(buffer[:got]); err != nil {
			return
		}
	}
}

// TestConnectionThatDiedWithoutAWordIsReplaced: with HTTP/2 one dead connection would otherwise
// carry every call, and every probe of the breaker, for as long as somebody clicks.
func TestConnectionThatDiedWithoutAWordIsReplaced(t *testing.T) {
	stand := sandbox.New(sandbox.Config{PublicURL: "https://pay.example.com"})
	server := httptest.NewUnstartedServer(stand)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	tun := openTunnel(t, server.Listener.Addr().String())

	transport := zotlo.NewTransport()
	if transport.HTTP2 == nil || transport.HTTP2.SendPingTimeout > 5*time.Second || transport.HTTP2.PingTimeout > 5*time.Second {
		t.Fatal("dead connections are not looked for within 10 s")
	}
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Millisecond, PingTimeout: 30 * time.Millisecond}
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	transport.TLSClientConfig.ServerName = "example.com"
	t.Cleanup(transport.CloseIdleConnections)
	memory := memorycache.New(memorycache.Config{})
	t.Cleanup(memory.Close)
	g, err := newGenerator(linkgen.Config{
		Projects: []linkgen.Project{{
			Project: zotlo.Project{
				AccessKey: sandbox.DefaultAccessKey, AccessSecret: sandbox.DefaultAccessSecret, ApplicationKey: sandbox.DefaultApplicationKey, APIURL: "https://" + tun.Addr().String(),
			},
		}},
		Key:       []byte(strings.Repeat("k", 32)),
		Cache:     memory,
		Limits:    linkgen.Limits{PerIP: zotlo.Rate{Events: -1}},
		Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	guest := linkgen.Order{LinkID: "1", Language: "en", IP: netip.MustParseAddr("203.0.113.7")}
	if _, err := g.Link(t.Context(), guest); err != nil {
		t.Fatal(err)
	}
	tun.swallowed.Store(tun.opened.Load())
	// The first call finds the connection dead and its retry opens another.
	if _, err := g.Link(t.Context(), guest); err != nil {
		t.Errorf("no link after the connection died: %v", err)
	}
}
