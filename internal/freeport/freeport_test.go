package freeport

import (
	"net"
	"testing"
)

func TestPortsAreFreeAndDiffer(t *testing.T) {
	seen := make(map[int]bool)
	for range 20 {
		l, err := Listen()
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := l.Addr().(*net.TCPAddr).Port
		if seen[port] || port < first || port >= last {
			t.Errorf("port %d", port)
		}
		seen[port] = true
	}
}
