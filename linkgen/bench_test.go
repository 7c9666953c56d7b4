package linkgen_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/linkgen"
)

var link150 = "https://pay.example.com/" + strings.Repeat("a", 150-len("https://pay.example.com/"))

// typical is an order of a plain campaign with an experiment; its link has 150 bytes.
func typical() linkgen.Order {
	o := full()
	o.Fields = o.Fields[:1]
	return o
}

func benchHarness(b *testing.B) *harness {
	s := set(b)
	s.api.does(says(200, fmt.Sprintf(`{"meta":{"httpStatus":200},"result":{"onelink":%q}}`, link150)))
	return s
}

// BenchmarkHit is Link for a cached link: key, cache, checks. With a kept key it is what is left.
func BenchmarkHit(b *testing.B) {
	s := benchHarness(b)
	ctx, o := context.Background(), typical()
	p := s.g.Prepare(o)
	if _, err := s.g.Link(ctx, o); err != nil {
		b.Fatal(err)
	}
	b.Run("Link", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.g.Link(ctx, o)
		}
	})
	b.Run("prepared", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.g.Generator.Link(ctx, p, "shop.example.com:443")
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				s.g.Link(ctx, o)
			}
		})
	})
	if s.api.calls.Load() != 1 {
		b.Fatal("these were no hits")
	}
}

func BenchmarkKey(b *testing.B) {
	s, o := benchHarness(b), typical()
	b.ReportAllocs()
	for b.Loop() {
		s.g.Key(o)
	}
}

// BenchmarkMiss is Link with a call to an API that answers at once, without a network.
func BenchmarkMiss(b *testing.B) {
	s := benchHarness(b)
	o := typical()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.Subscriber.ID = fmt.Sprint(i)
		if _, err := s.g.Link(context.Background(), o); err != nil {
			b.Fatal(err)
		}
	}
}
