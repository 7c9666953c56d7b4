package caddymodule

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/linkgen"
)

// BenchmarkObserve measures what metrics and access-log fields add to a cached redirect. It must
// stay below 5 % of the server's CPU per redirect: compare it with BenchmarkRedirect, which is a
// redirect without the server around it.
func BenchmarkObserve(b *testing.B) {
	c, err := campaign.New(campaign.Config{Name: "pro", Overrides: campaign.Overrides{LinkID: "1"}},
		campaign.Options{})
	if err != nil {
		b.Fatal(err)
	}
	logs := map[string]*caddyhttp.ServerLogConfig{
		"without access log": nil,
		"with access log":    new(caddyhttp.ServerLogConfig),
	}
	for name, config := range logs {
		b.Run(name, func(b *testing.B) {
			r := caddyhttp.PrepareRequest(httptest.NewRequest("GET", "/upgrade", nil),
				caddy.NewReplacer(), nil, &caddyhttp.Server{Logs: config})
			d := newDecision(&route{services: new(services)}, r)
			d.entry = &entry{
				Campaign: c,
				counters: metrics.NewLinkCounters("pro", outcomeLink, answerLink, answerJSON),
			}
			a := answer{outcome: outcomeLink, link: linkgen.Result{Source: linkgen.FromCache}}
			b.ReportAllocs()
			for b.Loop() {
				observe(d, a, answerLink)
			}
		})
	}
	b.Run("writing the fields", func(b *testing.B) {
		fields := accessFields{
			outcome: outcomeLink, answer: answerLink, campaign: "pro",
			variant: "control", source: "cache",
		}
		encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{
			EncodeTime:     zapcore.EpochTimeEncoder,
			EncodeDuration: zapcore.NanosDurationEncoder,
		})
		b.ReportAllocs()
		for b.Loop() {
			line := encoder.Clone()
			_ = fields.MarshalLogObject(line)
			buffer, err := line.EncodeEntry(zapcore.Entry{Time: time.Time{}}, nil)
			if err != nil {
				b.Fatal(err)
			}
			buffer.Free()
		}
	})
}
