package shoptest

import (
	"net"
	"testing"

	"github.com/caddy-checkout/checkout/internal/freeport"
)

// TwoFreePorts finds two addresses of loopback that are free for TCP and for UDP. The ports are
// held until both are known, so that they differ.
func TwoFreePorts(t *testing.T) (string, string) {
	t.Helper()
	var found []string
	for range 20 {
		tcp, err := freeport.Listen()
		if err != nil {
			t.Fatal(err)
		}
		defer tcp.Close()
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err != nil {
			continue
		}
		udp.Close()
		if found = append(found, tcp.Addr().String()); len(found) == 2 {
			return found[0], found[1]
		}
	}
	t.Fatal("no two ports are free for both TCP and UDP")
	return "", ""
}

// Port is the port of an address.
func Port(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
