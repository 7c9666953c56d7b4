package caddymodule

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/internal/testneed"
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

// knownMetrics are the collectors by the names that queries use: a histogram has three.
func knownMetrics(t *testing.T) map[string]metric {
	t.Helper()
	known := make(map[string]metric)
	for _, c := range append(metrics.Collectors(), cachedLinks) {
		descriptions := make(chan *prometheus.Desc, 1)
		c.Describe(descriptions)
		found := regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([\w,]*)\}`).FindStringSubmatch((<-descriptions).String())
		if found == nil {
			t.Fatalf("%v describes itself in another way", c)
		}
		m := metric{strings.Split(found[2], ",")}
		known[found[1]] = m
		if _, ok := c.(*prometheus.HistogramVec); ok {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				known[found[1]+suffix] = metric{append(slices.Clone(m.labels), "le")}
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

func TestDashboardNamesWhatExists(t *testing.T) {
	known, d := knownMetrics(t), readDashboard(t)
	var shown []string
	for title, queries := range d.queries() {
		for _, query := range queries {
			names := checkQuery(t, title, query, known)
			if len(names) == 0 {
				t.Errorf("%s: a query names no metric of ours: %s", title, query)
			}
			for _, name := range names {
				shown = append(shown, regexp.MustCompile(`_bucket$`).ReplaceAllString(name, ""))
			}
		}
	}
	for name := range known {
		if base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name,
			""); !slices.Contains(shown, base) {
			t.Errorf("no panel shows %s", base)
		}
	}
	for _, v := range d.Templating.List {
		checkQuery(t, "variable "+v.Name, v.Definition, known)
	}
}

func TestDashboardWorksWithAnyPrometheus(t *testing.T) {
	d := readDashboard(t)
	var variables []string
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
	}
	for _, panel := range d.Panels {
		if panel.Type == "row" {
			continue
		}
		if panel.Description == "" || panel.Datasource.UID != "${datasource}" ||
			len(panel.Targets) == 0 {
			t.Errorf("%s: description %q, datasource %q, %d queries", panel.Title,
				panel.Description, panel.Datasource.UID, len(panel.Targets))
		}
		for _, target := range panel.Targets {
			if target.Datasource.UID != "${datasource}" {
				t.Errorf("%s: a query goes to %q", panel.Title, target.Datasource.UID)
			}
			for _, used := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr,
				-1) {
				if !strings.HasPrefix(used[1], "__") && !slices.Contains(variables, used[1]) {
					t.Errorf("%s: there is no variable %s", panel.Title, used[1])
				}
			}
		}
	}
}

func TestFiveAlertsSayWhatToDo(t *testing.T) {
	known, file := knownMetrics(t), readAlerts(t)
	recorded, asked := map[string]bool{}, []string{}
	alerting := 0
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			where := rule.Alert + rule.Record
			names := checkQuery(t, where, rule.Expr, known)
			asked = append(asked, recordedName.FindAllString(rule.Expr, -1)...)
			if len(names)+len(recordedName.FindAllString(rule.Expr, -1)) == 0 {
				t.Errorf("%s asks for nothing of ours", where)
			}
			if rule.Record != "" {
				recorded[rule.Record] = true
				continue
			}
			alerting++
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" ||
				rule.Annotations["action"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s does not say what happened, how bad it is and what to do", where)
			}
		}
	}
	if alerting != 5 {
		t.Errorf("%d alerts, want 5", alerting)
	}
	for _, name := range asked {
		if !recorded[name] {
			t.Errorf("nothing records %s", name)
		}
	}
}

// TestFailuresOfOursAreTheOnesWatched keeps the dashboard and the first alert on the outcomes that
// the code calls failures of ours, and measures them against the clicks that asked for a link: all
// others would hide an outage.
func TestFailuresOfOursAreTheOnesWatched(t *testing.T) {
	var failures []string
	for word, o := range outcomes {
		if o.ours {
			failures = append(failures, word)
		}
	}
	slices.Sort(failures)
	asked := slices.Sorted(slices.Values(append([]string{outcomeLink, outcomeAfterPayment},
		failures...)))
	for _, expression := range []string{readAlerts(t).Groups[0].Rules[0].Expr,
		readDashboard(t).queries()["Failures of ours"][0]} {
		sets := regexp.MustCompile(`outcome=~"([^"]*)"`).FindAllStringSubmatch(expression, -1)
		if len(sets) != 2 {
			t.Fatalf("%s does not divide two sets of outcomes", expression)
		}
		for i, want := range [][]string{failures, asked} {
			watched := slices.Sorted(strings.SplitSeq(sets[i][1], "|"))
			if !slices.Equal(watched, want) {
				t.Errorf("set %d of %s is %v, want %v", i+1, expression, watched, want)
			}
		}
		// A route without an active campaign is no failure, but a name that a backend made up is.
		if strings.Count(expression, `outcome="no_campaign", answer="error"`) != 2 {
			t.Errorf("%s passes over campaigns that do not exist", expression)
		}
	}
}

// TestPromtoolTakesEveryQuery lets Prometheus's own tool parse the rules and the dashboard's
// queries, and try the alerts on made-up series.
func TestPromtoolTakesEveryQuery(t *testing.T) {
	promtool := testneed.Promtool(t)
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(promtool, args...)
		cmd.Dir = "../docs"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", cmd, err, out)
		}
	}
	run("check", "rules", "alerts.yml")
	run("test", "rules", "alerts_test.yml")

	// The dashboard's variables become what Grafana would put in; then its queries are rules like
	// any others.
	variables := strings.NewReplacer("$__rate_interval", "5m", "$__interval", "5m", "$__range",
		"1d", "$job", ".*", "$campaign", ".*", "$experiment", ".*", "$at", "link")
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	for _, queries := range readDashboard(t).queries() {
		for _, query := range queries {
			rules = append(rules,
				rule{fmt.Sprintf("query:%d", len(rules)), variables.Replace(query)})
		}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []map[string]any{{"name": "dashboard",
		"rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	run("check", "rules", file)
}
