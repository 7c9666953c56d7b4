package caddymodule_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/google/go-cmp/cmp"
)

func init() { caddy.RegisterModule(changeListener{}) }

// changeListener is an operator's handler of events.
type changeListener struct{}

var heardChanges struct {
	sync.Mutex
	list []string
}

func (changeListener) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID: "events.handlers.changes", New: func() caddy.Module { return changeListener{} },
	}
}

func (changeListener) Handle(_ context.Context, e caddy.Event) error {
	heardChanges.Lock()
	defer heardChanges.Unlock()
	heardChanges.list = append(heardChanges.list, fmt.Sprintf("%s %s: %s -> %s", e.Data["campaign"],
		e.Data["option"], e.Data["from"], e.Data["to"]))
	return nil
}

func (changeListener) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	return nil
}

var _ caddyevents.Handler = changeListener{}

// changing is a server whose campaign is given, behind a listener.
func changing(campaign string) string {
	config := serverWith("\t\tcampaign sale {\n"+campaign+"\n\t\t}", "checkout_link /u sale")
	return strings.Replace(config, "\tcheckout {", "\tevents {\n\t\ton checkout.changed changes\n\t}\n"+
		"\tcheckout {", 1)
}

func TestALoadTellsWhatItChanges(t *testing.T) {
	const before = `link_id 1
		one_time_price 19.99 EUR
		until 2030-01-01T00:00:00Z
		package_name Pro
		experiment sale-price {
			variant control 50%
			variant cheaper 50% {
				one_time_price 14.99 EUR
			}
		}`
	const sameInstant = "2030-01-01T01:00:00+01:00"
	for name, row := range map[string]struct {
		edits []string
		want  []string
	}{
		"nothing": {nil, nil},
		"the same in other words": {
			[]string{"2030-01-01T00:00:00Z", sameInstant, "control 50%", "control 50.00%"}, nil,
		},
		"a text":        {[]string{"package_name Pro", "package_name Plus"}, nil},
		"decimal point": {[]string{"19.99", "1999"}, []string{"sale one_time_price: 19.99 EUR -> 1999 EUR"}},
		"a variant's price": {
			[]string{"14.99", "4.99"},
			[]string{"sale variant cheaper: one_time_price: 14.99 EUR -> 4.99 EUR"},
		},
		"the link": {[]string{"link_id 1", "link_id 2"}, []string{"sale link_id: 1 -> 2"}},
		"the price gone": {
			[]string{"one_time_price 19.99 EUR", ""}, []string{"sale one_time_price: 19.99 EUR -> "},
		},
		"the schedule, and off": {
			[]string{"until 2030-01-01T00:00:00Z", "from 2029-01-01T00:00:00Z\noff"},
			[]string{
				"sale from:  -> 2029-01-01T00:00:00Z", "sale off:  -> true",
				"sale until: 2030-01-01T00:00:00Z -> ",
			},
		},
		"the weights": {
			[]string{"control 50%", "control 60%", "cheaper 50%", "cheaper 40%"},
			[]string{"sale weights: sale-price: control 50%, cheaper 50% -> " +
				"sale-price: control 60%, cheaper 40%"},
		},
		"coverage": {
			[]string{"sale-price {", "sale-price {\ncoverage 50%"},
			[]string{"sale weights: sale-price: control 50%, cheaper 50% -> " +
				"sale-price: control 25%, cheaper 25%"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := openServer(t, changing(before))
			heardChanges.Lock()
			heardChanges.list = nil
			heardChanges.Unlock()
			after := before
			for i := 0; i < len(row.edits); i += 2 {
				after = strings.Replace(after, row.edits[i], row.edits[i+1], 1)
			}
			if err := srv.reload(changing(after)); err != nil {
				t.Fatal(err)
			}
			heardChanges.Lock()
			defer heardChanges.Unlock()
			if diff := cmp.Diff(row.want, heardChanges.list); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			srv.warns(len(row.want), "this load changes a campaign", `"level":"info"`,
				`"campaign":"sale"`, `"from":"`, `"to":"`)
		})
	}
}

// TestALoadThatFailsChangesNothing, and neither does the first one, nor a campaign that is new.
func TestALoadThatFailsChangesNothing(t *testing.T) {
	srv := openServer(t, changing("link_id 1"))
	broken := strings.Replace(changing("link_id 2"), "/site.sock", "/nowhere/site.sock", 1)
	if err := srv.reload(broken); err == nil {
		t.Fatal("the broken configuration was loaded")
	}
	if err := srv.reload(strings.ReplaceAll(changing("link_id 3"), "sale", "new")); err != nil {
		t.Fatal(err)
	}
	srv.warns(0, "this load changes a campaign")
}
