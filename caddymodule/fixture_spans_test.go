package caddymodule_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// tracedClick serves one click below a span, and returns that span and those that ended below it.
func (s *shop) tracedClick(path string, options ...func(*request)) (click sdktrace.ReadOnlySpan,
	below []sdktrace.ReadOnlySpan,
) {
	s.t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	ctx, span := provider.Tracer("test").Start(context.Background(), "click")
	ctx = withBaggage(s.t, ctx)
	r := &request{httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)}
	for _, option := range options {
		option(r)
	}
	w := httptest.NewRecorder()
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
	_ = s.live.Load().handler.ServeHTTP(w,
		caddyhttp.PrepareRequest(r.Request, caddy.NewReplacer(), w, new(caddyhttp.Server)), next)
	span.End()
	for _, ended := range recorder.Ended() {
		if ended.Name() != "click" {
			below = append(below, ended)
		}
		if ended.SpanContext().TraceID() != span.SpanContext().TraceID() {
			s.t.Errorf("span %q is in another trace", ended.Name())
		}
	}
	return recorder.Started()[0], below
}

func withBaggage(t testing.TB, ctx context.Context) context.Context {
	t.Helper()
	member, err := baggage.NewMember("user", "ann-in-baggage")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	return baggage.ContextWithBaggage(ctx, bag)
}

// answering is the address of a server that answers everything with these bytes: net/http quotes
// what is no HTTP in its error.
func answering(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 1)) // the request has begun
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return listener.Addr().String()
}

// spanText is all that a span tells.
func spanText(span sdktrace.ReadOnlySpan) string {
	text := fmt.Sprintf("%s status=%v %q", span.Name(), span.Status().Code,
		span.Status().Description)
	for _, a := range span.Attributes() {
		text += " " + string(a.Key) + "=" + a.Value.String()
	}
	for _, event := range span.Events() {
		text += fmt.Sprintf(" %s %v", event.Name, event.Attributes)
	}
	return text
}
