package linkgen

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// The results of an API call, a closed set for metrics.
const (
	resultOK          = "ok"
	resultRefused     = "refused"      // 4xx, or an error code in a 200
	resultCredentials = "credentials"  // 401002 or 404001: keys or address are wrong
	resultThrottled   = "throttled"    // 429
	resultServerError = "server_error" // 5xx or 500000
	resultConnection  = "connection"   // no whole answer
	resultTimeout     = "timeout"      // no whole answer in time
	resultBadAnswer   = "bad_answer"   // 200 without a link, 3xx, too long, not JSON
	resultUntrusted   = "untrusted_link"
	resultPanic       = "panic"
)

// Results lists every result that Hooks.APICall may be told.
func Results() []string {
	return []string{
		resultOK, resultRefused, resultCredentials, resultThrottled, resultServerError,
		resultConnection, resultTimeout, resultBadAnswer, resultUntrusted, resultPanic,
	}
}

func causeOf(result string) error { return fmt.Errorf("the API call ended in %q", result) }

// NewTransport is the transport of a Generator that was given none: TLS 1.2 or better, HTTP/2 where it is offered, kept
// connections, no proxy from the environment and no transparent decompression. Wrap it to trace the calls.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConnsPerHost:    DefaultLimits().MaxInFlight,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
		DisableCompression:     true,
		// An HTTP/2 connection that died without a word would be used for every call and every probe; so it is asked.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 3 * time.Second, PingTimeout: 2 * time.Second},
	}
}

// payload is the request body for o, with a fresh random part in its attribution.
func (g *Generator) payload(p *project, o *Order, s SubscriberHash) ([]byte, error) {
	var random [9]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	checkout := g.attribution(o, s, base64.RawURLEncoding.EncodeToString(random[:]))
	return json.Marshal(p.wireBody(o, checkout))
}

// attribution is what rides along with an order and comes back with its payment.
func (g *Generator) attribution(o *Order, s SubscriberHash, random string) string {
	if g.attribute == nil {
		return ""
	}
	return g.attribute(*o, s, random)
}

// ask makes one HTTP exchange. It calls the transport itself, not an http.Client: that one would follow redirects, and
// carry the access secret to whatever host they name. The error is the judged one; pause is what it asks for.
func (g *Generator) ask(ctx context.Context, p *project, body []byte) (link string, pause time.Duration, e *Error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.endpoint, bytes.NewReader(body))
	if err != nil {
		return "", 0, connectionError(ctx, err)
	}
	for _, h := range p.headers() {
		req.Header.Set(h.name, h.value)
	}
	resp, err := g.transport.RoundTrip(req)
	if err != nil {
		return "", 0, connectionError(ctx, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil && resp.StatusCode == http.StatusOK {
		return "", 0, connectionError(ctx, err)
	}
	if err != nil || len(raw) > maxAnswer {
		raw = nil // the status alone decides
	}
	a := readAnswer(resp.StatusCode, raw)
	if e := a.judge(); e != nil {
		return "", retryAfter(resp.Header.Get("Retry-After"), time.Now()), e
	}
	if err := checkLink(a.link, p.hosts, ""); err != nil {
		return "", 0, &Error{
			Reason: UntrustedLink, RequestID: a.requestID, Status: a.status,
			cause: err, result: resultUntrusted,
		}
	}
	return a.link, 0, nil
}

// closeIdle lets go of idle connections, if the transport knows of any.
func (g *Generator) closeIdle() {
	if t, ok := g.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

func connectionError(ctx context.Context, err error) *Error {
	cause := safeCause(err)
	if ctx.Err() != nil || errors.Is(cause, context.DeadlineExceeded) {
		return &Error{Reason: Timeout, cause: fmt.Errorf("calling the API: %w", cause), result: resultTimeout}
	}
	return &Error{Reason: Unavailable, cause: fmt.Errorf("calling the API: %w", cause), result: resultConnection}
}

// outage tells a failure of the other side as a whole from a failure of one request.
func (e *Error) outage() bool {
	return e.result == resultServerError || e.result == resultConnection || e.result == resultTimeout
}
