package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Sample is the value of one series, in this process since it started.
type Sample struct {
	Labels map[string]string
	Value  int64
}

// Read reads every series of a counter, sorted into the values of one label.
func Read(vec *prometheus.CounterVec, label string) map[string][]Sample {
	series := make(chan prometheus.Metric, 16)
	go func() {
		defer close(series)
		vec.Collect(series)
	}()
	sorted := make(map[string][]Sample)
	for metric := range series {
		var m dto.Metric
		if err := metric.Write(&m); err != nil {
			continue // a counter of ours always writes
		}
		s := Sample{make(map[string]string, len(m.Label)), int64(m.GetCounter().GetValue())}
		for _, pair := range m.Label {
			s.Labels[pair.GetName()] = pair.GetValue()
		}
		sorted[s.Labels[label]] = append(sorted[s.Labels[label]], s)
	}
	return sorted
}

// Sum adds samples up by the values of one label. Zeros are left out.
func Sum(list []Sample, by string) map[string]int64 {
	total := make(map[string]int64)
	for _, s := range list {
		if s.Value != 0 {
			total[s.Labels[by]] += s.Value
		}
	}
	return total
}

// Value is what a gauge shows at this moment.
func Value(g prometheus.Metric) float64 {
	var m dto.Metric
	if err := g.Write(&m); err != nil {
		return 0 // a gauge of ours always writes
	}
	return m.GetGauge().GetValue()
}
