package main

import (
	"strings"
	"testing"
)

func TestInvalidAddressesAreRefused(t *testing.T) {
	for _, listen := range []string{
		"0.0.0.0:8080", "192.0.2.1:80", "[::1]:8080", "8080", "example.org:80", "127.0.0.1:http:1",
	} {
		if _, err := newPlace(listen, false); err == nil ||
			!strings.Contains(err.Error(), "127.0.0.1:") {
			t.Errorf("--listen %s: %v", listen, err)
		}
	}
}
