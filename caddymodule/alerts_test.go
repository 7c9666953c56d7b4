package caddymodule

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryAlertSaysWhatToDo(t *testing.T) {
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
	if alerting != 11 { // README and docs/operations.md say how many
		t.Errorf("%d alerts, want 11", alerting)
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
	for name, o := range outcomes {
		if o.ours {
			failures = append(failures, name)
		}
	}
	slices.Sort(failures)
	asked := slices.Sorted(slices.Values(append([]string{outcomeLink, outcomeSubscribed, outcomeAfterPayment},
		failures...)))
	for _, expression := range []string{
		readAlerts(t).Groups[0].Rules[0].Expr,
		readDashboard(t).queries()["Failures of ours"][0],
	} {
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
