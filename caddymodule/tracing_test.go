package caddymodule_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/caddy-checkout/checkout/sandbox"
)

func TestACallIsASpanBelowItsClick(t *testing.T) {
	s := openShop(t, plainShop)
	click, calls := s.tracedClick("/upgrade", by("ann@example.com"))
	if len(calls) != 1 {
		t.Fatalf("%d spans below the click, want 1", len(calls))
	}
	call := calls[0]
	if call.Parent().SpanID() != click.SpanContext().SpanID() ||
		call.Name() != "zotlo POST "+sandbox.OneLinkPath {
		t.Errorf("span %q has another parent than the click", call.Name())
	}
	if text := spanText(call); !strings.Contains(text, "url.full="+s.api.URL+sandbox.OneLinkPath) ||
		!strings.Contains(text, "http.response.status_code=200") {
		t.Errorf("the span says %s", text)
	}
	if _, cached := s.tracedClick("/upgrade", by("ann@example.com")); len(cached) != 0 {
		t.Errorf("a cached link has %d spans", len(cached))
	}
	for name := range s.zotlo.Requests()[0].Header {
		if name == "Traceparent" || name == "Baggage" {
			t.Errorf("the call carries %s", name)
		}
	}
}

func TestARetryIsASpanOfItsOwn(t *testing.T) {
	s := openShop(t, plainShop)
	s.zotlo.FailNext(1, sandbox.ServerError())
	if _, calls := s.tracedClick("/upgrade", by("ann@example.com")); len(calls) != 2 {
		t.Errorf("%d spans, want 2", len(calls))
	}
}

// TestAClickWithoutASpanHasNone: a tracer of somebody else's in the same process is not ours to
// fill.
func TestAClickWithoutASpanHasNone(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))
	defer otel.SetTracerProvider(before)
	s := openShop(t, plainShop)
	s.getsLink(s.click("/upgrade", by("ann@example.com")), "ann@example.com")
	if n := len(recorder.Started()); n != 0 {
		t.Errorf("%d spans", n)
	}
}

// TestSpansTellNothing looks for everything private in the spans of calls that go well and wrong.
func TestSpansTellNothing(t *testing.T) {
	const secretLink = "https://pay.sandbox.example/pay/only-anns-own"
	for name, fault := range map[string]sandbox.Fault{
		"none":       {},
		"500":        sandbox.ServerError(),
		"429":        sandbox.RateLimited("1"),
		"400":        sandbox.BadRequest(sandbox.CodeSubscriberID),
		"reset":      sandbox.Reset(),
		"cut":        sandbox.CutOff(),
		"HTML":       sandbox.NotJSON(),
		"redirect":   sandbox.Redirect(secretLink),
		"wrong link": sandbox.WrongLink(secretLink),
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, plainShop)
			s.zotlo.Fail(fault)
			_, calls := s.tracedClick("/upgrade", by("ann@example.com"))
			tellNothing(t, calls)
		})
	}
	t.Run("garbage", func(t *testing.T) {
		s := openShop(t, plainShop)
		t.Setenv("API", "http://"+answering(t, "HTTP/1.1 "+secretLink+"\r\n\r\n"))
		if err := s.reload(plainShop); err != nil {
			t.Fatal(err)
		}
		_, calls := s.tracedClick("/upgrade", by("ann@example.com"))
		tellNothing(t, calls)
		if text := spanText(calls[0]); !strings.Contains(text, "the API call failed") {
			t.Errorf("the span does not tell of the failure: %s", text)
		}
	})
}

func tellNothing(t *testing.T, spans []sdktrace.ReadOnlySpan) {
	t.Helper()
	if len(spans) == 0 {
		t.Fatal("the call left no span")
	}
	for _, span := range spans {
		text := spanText(span)
		for _, private := range []string{
			"example.com", "only-anns-own", "pay.sandbox", accessKey,
			accessToken, application, "ann-in-baggage", "eyJ",
		} {
			if strings.Contains(text, private) {
				t.Errorf("a span holds %q:\n%s", private, text)
			}
		}
	}
}

// TestCallsJoinCaddysTracing runs the real directive against a real collector's endpoint.
func TestCallsJoinCaddysTracing(t *testing.T) {
	var mu sync.Mutex
	var spans []*tracepb.Span
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var batch coltracepb.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &batch); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range batch.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				spans = append(spans, scope.Spans...)
			}
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	srv := openServer(t, strings.Replace(saleServer, "\tcheckout_link /*", "\ttracing {\n\t\tspan "+
		"click\n\t}\n\tcheckout_link /*", 1))
	srv.click("/upgrade", by("ann@example.com"))
	if err := caddy.Stop(); err != nil { // sends what is left
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	var click, call *tracepb.Span
	for _, span := range spans {
		if span.Name == "click" {
			click = span
		} else {
			call = span
		}
	}
	if click == nil || call == nil || string(call.ParentSpanId) != string(click.SpanId) ||
		call.Kind != tracepb.Span_SPAN_KIND_CLIENT {
		t.Fatalf("spans: %v", spans)
	}
	if took := time.Duration(call.EndTimeUnixNano - call.StartTimeUnixNano); took <= 0 {
		t.Errorf("the call took %s", took)
	}
}
