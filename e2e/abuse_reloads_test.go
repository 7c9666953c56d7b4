package e2e_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// Configurations come and go while shoppers click.
func TestAbuse54Reloads(t *testing.T) {
	t.Parallel()
	s := shoptest.Open(t, plain)
	s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade"))
	other := strings.Replace(plain, "link_id 123", "link_id 123\n\t\tpackage_name Pro", 1)
	var configs []string
	for _, site := range []string{other, plain} {
		s.Write(site)
		config, err := s.Exec("adapt", "--config", s.Caddyfile(), "--adapter", "caddyfile")
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, config)
	}
	before := s.OwnGoroutines(t)
	var ended atomic.Bool
	var shoppers sync.WaitGroup
	for worker := range 4 {
		shoppers.Go(func() {
			for i := 0; !ended.Load(); i++ {
				email := person(worker*10 + i%10)
				got, err := s.TryClick(t.Context(), email, "/upgrade")
				if shoptest.HungUp(err) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				link, known := s.Zotlo.Link(got.Header.Get("Location"))
				if !known || link.SubscriberID != email {
					t.Errorf("during a reload %s got %s and a link of %q", email, got.Status,
						link.SubscriberID)
				}
			}
		})
	}
	for i := range 40 {
		s.Load(t, configs[i%2])
	}
	ended.Store(true)
	shoppers.Wait()
	s.WantLinkOf(t, ann, s.Click(t, ann, "/upgrade"))
	shoptest.Eventually(t, "the goroutines of old configurations are gone", func() bool {
		return s.OwnGoroutines(t) <= before
	})
	if n := s.Metric(t, "caddy_checkout_requests_total", `outcome="link"`); n < 50 {
		t.Errorf("%v clicks are counted: the counts did not survive", n)
	}
}
