package cli

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// Campaigns is the answer of GET /checkout/campaigns.
type Campaigns struct {
	Campaigns []Campaign `json:"campaigns"`
}

// Campaign is one campaign as the operator sees it. The counts are this process's since it started.
type Campaign struct {
	Name    string    `json:"name"`
	State   string    `json:"state"` // active, scheduled, ended or off
	Project string    `json:"project"`
	From    time.Time `json:"from,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	// it has a schedule or matchers: it may not answer
	Conditional bool             `json:"conditional"`
	Fallback    string           `json:"fallback,omitempty"` // empty: the route's
	Links       map[string]int64 `json:"links"`              // by source
	Conversions map[string]int64 `json:"conversions"`        // by type
	Refunds     int64            `json:"refunds"`
	Experiment  *Experiment      `json:"experiment,omitempty"`
}

// Experiment is a campaign's experiment.
type Experiment struct {
	Key      string    `json:"key"`
	Variants []Variant `json:"variants"`
}

// Variant is a variant with its buckets [start, end) of 10000, and how many percent of all users
// that is.
type Variant struct {
	Name        string           `json:"name"`
	Start       int              `json:"start"`
	End         int              `json:"end"`
	Percent     float64          `json:"percent"`
	Exposures   map[string]int64 `json:"exposures"` // by place
	Conversions map[string]int64 `json:"conversions"`
	Refunds     int64            `json:"refunds"`
}

func campaignsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaigns [--address <interface>] [--json]",
		Short: "Lists the campaigns with state, schedule, experiments and counts",
		Long: `Lists every campaign of the running configuration: its state and schedule, how its
experiment splits the users, and what was handed out, paid and refunded.

The counts are those of this one process since it started. Those of a fleet are in
the dashboard, docs/grafana.json; whether an experiment means anything yet is what
caddy checkout experiments says.`,
		Example: `  caddy checkout campaigns
  caddy checkout campaigns --json | jq '.campaigns[] | select(.state == "active") | .name'`,
	}
	addressFlags(cmd)
	run(cmd, func(fl caddycmd.Flags) error {
		if fl.NArg() > 0 {
			return usageError("campaigns takes no argument")
		}
		return ask(cmd, fl, http.MethodGet, "campaigns", nil, printCampaigns)
	})
	return cmd
}

func printCampaigns(w io.Writer, answer Campaigns) {
	if len(answer.Campaigns) == 0 {
		fmt.Fprintln(w, "No campaign is defined.")
		return
	}
	t := newTable(w, "CAMPAIGN", "STATE", "PROJECT", "FROM", "UNTIL", "CONDITIONAL",
		"LINKS", "PAID", "REFUNDED")
	running := false
	for _, c := range answer.Campaigns {
		t.row(c.Name, c.State, c.Project, instant(c.From), instant(c.Until),
			map[bool]string{true: "yes"}[c.Conditional],
			tally(c.Links), tally(c.Conversions), number(c.Refunds))
		running = running || c.Experiment != nil
	}
	t.Flush()
	if running {
		fmt.Fprintln(w)
		printExperiments(w, answer.Campaigns)
	}
}

func printExperiments(w io.Writer, campaigns []Campaign) {
	t := newTable(w, "EXPERIMENT", "VARIANT", "BUCKETS", "OF ALL USERS", "SEEN", "PAID", "REFUNDED")
	for _, c := range campaigns {
		if c.Experiment == nil {
			continue
		}
		for _, v := range c.Experiment.Variants {
			t.row(c.Experiment.Key, v.Name, fmt.Sprintf("%d to %d", v.Start, v.End-1),
				strconv.FormatFloat(v.Percent, 'f', -1, 64)+"%",
				tally(v.Exposures), tally(v.Conversions), number(v.Refunds))
		}
	}
	t.Flush()
}
