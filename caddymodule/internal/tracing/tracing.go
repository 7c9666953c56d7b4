// Package tracing puts API calls into the spans of the clicks that cause them.
package tracing

import (
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Transport carries API calls, each in a span below the click that caused it, when Caddy's
// `tracing` is on. A retry is a span of its own; a click that waits for another's call, or is
// served from the cache, has none.
//
// A span tells the method, the API's address, the status and the kind of an error. It holds no
// header, no body and no text of the other side's. Nothing of the trace is sent to Zotlo: baggage
// may hold anything.
type Transport struct {
	base   *http.Transport
	traced http.RoundTripper
}

// New traces what base carries.
func New(base *http.Transport) *Transport {
	return &Transport{base: base, traced: otelhttp.NewTransport(quietTransport{base},
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			return "zotlo " + r.Method + " " + r.URL.Path
		}),
	)}
}

// RoundTrip makes one call. Where nobody traces it is the bare transport's.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trace.SpanContextFromContext(r.Context()).IsValid() {
		return t.base.RoundTrip(r)
	}
	return t.traced.RoundTrip(r)
}

// CloseIdleConnections lets http.Client close the connections of the transport inside.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// quietTransport keeps the texts of net/http's errors out of spans: they quote bytes that the other
// side sent.
type quietTransport struct{ http.RoundTripper }

func (t quietTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, quietError{err}
	}
	return res, nil
}

// quietError tells the kind of an error and hides its text; errors.Is and errors.As see through it.
type quietError struct{ err error }

func (e quietError) Error() string { return fmt.Sprintf("the API call failed (%T)", e.err) }

func (e quietError) Unwrap() error { return e.err }
