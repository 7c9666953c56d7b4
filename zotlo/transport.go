package zotlo

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// idleConns is how many idle connections a transport of NewTransport keeps.
const idleConns = 64

// NewTransport is the transport of a Client that was given none: TLS 1.2 or better, HTTP/2 where it
// is offered, kept connections, no proxy from the environment and no transparent decompression.
// Wrap it to trace the calls.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConnsPerHost:    idleConns,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
		DisableCompression:     true,
		// An HTTP/2 connection that died without a word would be used for every call and every
		// probe; so it is asked.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 3 * time.Second, PingTimeout: 2 * time.Second},
	}
}
