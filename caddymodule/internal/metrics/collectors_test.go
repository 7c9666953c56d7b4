package metrics

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestSecondAppFindsTheCollectors: a reload has a registry of its own, but two apps may share one.
func TestSecondAppFindsTheCollectors(t *testing.T) {
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "caddy_checkout_cached_links", Help: "Of the caller.",
	})
	for range 2 {
		if err := Register(registry, gauge); err != nil {
			t.Fatal(err)
		}
	}
	Requests.WithLabelValues("pro", "link", "json")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, family := range families {
		found[family.GetName()] = true
	}
	if !found["caddy_checkout_cached_links"] || !found["caddy_checkout_requests_total"] {
		t.Errorf("registered are %v", found)
	}
}

// TestCollectorOfTheSameNameIsAnError: a plugin's collector under our name would be shown as ours.
func TestCollectorOfTheSameNameIsAnError(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{
		Name: "caddy_checkout_requests_total", Help: "Somebody else's.",
	}))
	err := Register(registry)
	if err == nil || !strings.Contains(err.Error(), "caddy_checkout_requests_total") {
		t.Errorf("%v", err)
	}
}

// TestCollectorsAreACopy: what a caller appends is not registered with the next configuration.
func TestCollectorsAreACopy(t *testing.T) {
	Collectors()[0] = nil
	if Collectors()[0] == nil {
		t.Error("a caller changed the list")
	}
}

func TestProjectWithoutANameIsTheDefault(t *testing.T) {
	for name, want := range map[string]string{"": "default", "eu": "eu"} {
		if got := Project(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}
