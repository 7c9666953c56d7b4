// Package freeport finds ports for servers that are started as processes of their own, and so
// cannot be handed a listener.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// The ports below those that systems give to outgoing connections: Linux begins those at 32768,
// others at 49152.
const (
	first = 20_000
	last  = 32_000
)

// Listen listens on a random free port of loopback. Close it just before the server starts: between
// the two no outgoing connection takes the port, as it would take one that the system chose. Only
// another server can.
func Listen() (l net.Listener, err error) {
	for range 50 {
		addr := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(last-first))
		if l, err = net.Listen("tcp4", addr); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// Addr is the address of a port that was free a moment ago.
func Addr() (string, error) {
	l, err := Listen()
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
