package linkgen_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/linkgen"
)

func TestFirst(t *testing.T) {
	var calls atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		json.NewDecoder(r.Body).Decode(&body)
		fmt.Fprintf(w, `{"meta":{"httpStatus":200,"requestId":"a"},"result":{"onelink":"https://pay.example.com/%v/%d"}}`, body["subscriberId"], calls.Add(1))
	}))
	defer api.Close()
	mem := linkgen.NewMemory(linkgen.MemoryConfig{})
	defer mem.Close()
	g, err := linkgen.New(linkgen.Config{
		Projects: []linkgen.Project{{AccessKey: "a", AccessSecret: "b", ApplicationKey: "c", APIURL: api.URL}},
		Key:      []byte("0123456789abcdef"), Cache: mem,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	o := linkgen.Order{LinkID: "123", IP: netip.MustParseAddr("203.0.113.7"), Subscriber: linkgen.Subscriber{Kind: "email", ID: "a.example"}}
	for range 3 {
		r, err := g.Link(context.Background(), o)
		t.Log(r, err)
	}
	if calls.Load() != 1 {
		t.Fatal(calls.Load())
	}
}
func BenchmarkHit(b *testing.B) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"meta":{"httpStatus":200,"requestId":"a"},"result":{"onelink":"https://pay.example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}`)
	}))
	defer api.Close()
	mem := linkgen.NewMemory(linkgen.MemoryConfig{})
	defer mem.Close()
	g, err := linkgen.New(linkgen.Config{
		Projects: []linkgen.Project{{AccessKey: "a", AccessSecret: "b", ApplicationKey: "c", APIURL: api.URL}},
		Key:      []byte("0123456789abcdef"), Cache: mem,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	o := linkgen.Order{LinkID: "123", IP: netip.MustParseAddr("203.0.113.7"), Language: "en", Campaign: "black-friday", Experiment: "bf-price", Variant: "cheaper", Price: "14.99", Currency: "EUR",
		Fields: []linkgen.Field{{"packageName", "Pro, lifetime"}, {"additionalText", "Welcome back"}}, Parameters: []linkgen.Field{{"partner", "abc"}, {"mmp.appsflyer_id", "1234567-1233"}},
		OwnHost: "shop.example.com:443", Subscriber: linkgen.Subscriber{Kind: "email", ID: "ada@example.com", Issuer: "https://id.example.com"}}
	ctx := context.Background()
	g.Link(ctx, o)
	k := g.Key(o)
	b.Run("link", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.Link(ctx, o)
		}
	})
	b.Run("keyed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.LinkKeyed(ctx, o, k)
		}
	})
	b.Run("key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			g.Key(o)
		}
	})
	b.Run("memory", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			mem.Get(ctx, k)
		}
	})
}
