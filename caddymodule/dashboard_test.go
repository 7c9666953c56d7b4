package caddymodule

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/caddy-checkout/checkout/internal/testneed"
)

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

// TestDashboardHasAPlaceForEveryPanel: two panels in one place are one that nobody finds.
func TestDashboardHasAPlaceForEveryPanel(t *testing.T) {
	panels := readDashboard(t).Panels
	for i, p := range panels {
		if p.GridPos.W < 1 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s is beside the page", p.Title)
		}
		for _, q := range panels[:i] {
			if p.ID == q.ID {
				t.Errorf("%s and %s have one id", p.Title, q.Title)
			}
			a, b := p.GridPos, q.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("%s lies on %s", p.Title, q.Title)
			}
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
	text, err := yaml.Marshal(map[string]any{"groups": []map[string]any{{
		"name":  "dashboard",
		"rules": rules,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	run("check", "rules", file)
}
