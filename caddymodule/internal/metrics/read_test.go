package metrics

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

func TestReadSortsSeriesIntoTheValuesOfALabel(t *testing.T) {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sold_total", Help: "Sold."},
		[]string{"campaign", "type"})
	for n := range 40 { // more series than the channel holds
		vec.WithLabelValues("many", strconv.Itoa(n))
	}
	vec.WithLabelValues("pro", "trial").Add(2)
	vec.WithLabelValues("pro", "renewal")
	vec.WithLabelValues("max", "trial").Inc()

	read := Read(vec, "campaign")
	if len(read["many"]) != 40 {
		t.Errorf("%d series, want 40", len(read["many"]))
	}
	want := []Sample{{map[string]string{"campaign": "max", "type": "trial"}, 1}}
	if diff := cmp.Diff(want, read["max"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(read["pro"]) != 2 || read["none"] != nil {
		t.Errorf("%v", read)
	}
	if diff := cmp.Diff(map[string]int64{"trial": 2}, Sum(read["pro"], "type")); diff != "" {
		t.Errorf("a series at 0 is no count: -want +got:\n%s", diff)
	}
}

func TestSumAddsUpByALabel(t *testing.T) {
	sample := func(variant, kind string, n int64) Sample {
		return Sample{map[string]string{"variant": variant, "type": kind}, n}
	}
	list := []Sample{
		sample("control", "trial", 1), sample("control", "renewal", 2),
		sample("cheaper", "trial", 4), sample("cheaper", "renewal", 0),
	}
	for by, want := range map[string]map[string]int64{
		"variant": {"control": 3, "cheaper": 4},
		"type":    {"trial": 5, "renewal": 2},
		"other":   {"": 7},
	} {
		if diff := cmp.Diff(want, Sum(list, by)); diff != "" {
			t.Errorf("by %s: -want +got:\n%s", by, diff)
		}
	}
}
