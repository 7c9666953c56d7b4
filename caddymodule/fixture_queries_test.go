package caddymodule

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
)

// dashboard is what these tests read of docs/grafana.json.
type dashboard struct {
	Templating struct {
		List []struct {
			Name, Type string
			Definition string
		}
	}
	Panels []struct {
		ID                       int
		GridPos                  struct{ X, Y, W, H int }
		Title, Type, Description string
		Datasource               struct{ UID string }
		Targets                  []struct {
			Expr       string
			Datasource struct{ UID string }
		}
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile("../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// queries are all of a dashboard's queries, by panel.
func (d dashboard) queries() map[string][]string {
	byPanel := make(map[string][]string)
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			byPanel[panel.Title] = append(byPanel[panel.Title], target.Expr)
		}
	}
	return byPanel
}

// alerts are what these tests read of docs/alerts.yml.
type alerts struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Record, Expr string
			Labels              map[string]string
			Annotations         map[string]string
		}
	}
}

func readAlerts(t *testing.T) (a alerts) {
	t.Helper()
	text, err := os.ReadFile("../docs/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// metric is a collector as Prometheus describes it.
type metric struct{ labels []string }

var description = regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([\w,]*)\}`)

// described is a collector's name, and its labels with commas between them.
func described(t *testing.T, c prometheus.Collector) (name, labels string) {
	t.Helper()
	descriptions := make(chan *prometheus.Desc, 1)
	c.Describe(descriptions)
	found := description.FindStringSubmatch((<-descriptions).String())
	if found == nil {
		t.Fatalf("%v describes itself in another way", c)
	}
	return found[1], found[2]
}

// knownMetrics are the collectors by the names that queries use: a histogram has three.
func knownMetrics(t *testing.T) map[string]metric {
	t.Helper()
	known := make(map[string]metric)
	for _, c := range append(metrics.Collectors(), cachedLinks, ledgerBytes, ledgerUp) {
		name, labels := described(t, c)
		m := metric{strings.Split(labels, ",")}
		known[name] = m
		if _, ok := c.(*prometheus.HistogramVec); ok {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				known[name+suffix] = metric{append(slices.Clone(m.labels), "le")}
			}
		}
	}
	return known
}

var (
	metricName    = regexp.MustCompile(`\bcaddy_\w+`)
	metricMatch   = regexp.MustCompile(`\b(caddy_\w+)\{([^}]*)\}`)
	labelMatch    = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	quoted        = regexp.MustCompile(`"[^"]*"`)
	recordedName  = regexp.MustCompile(`\bcheckout:[\w:]+`)
	scrapedLabels = []string{"job", "instance"}
)

// checkQuery reports metrics and labels that do not exist, and returns the metrics that it names.
func checkQuery(t *testing.T, where, query string, known map[string]metric) []string {
	t.Helper()
	bare := quoted.ReplaceAllString(query, `""`)
	names := metricName.FindAllString(bare, -1)
	for _, name := range names {
		if _, ok := known[name]; !ok {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	for _, m := range metricMatch.FindAllStringSubmatch(bare, -1) {
		for _, label := range labelMatch.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(known[m[1]].labels, label[1]) &&
				!slices.Contains(scrapedLabels, label[1]) {
				t.Errorf("%s: %s has no label %s", where, m[1], label[1])
			}
		}
	}
	return names
}
