// Package changes tells what a load changes of what is sold, to whom, for how much and until when: a
// slip of the decimal point in a reload must leave a trace.
package changes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/campaign"
)

// change is one option of a campaign that a load changes. An empty text is an option that is not
// there.
type change struct{ campaign, option, from, to string }

// Event is the name of Caddy's event, one for each change.
const Event = "checkout.changed"

// Tell writes a line for each change, and tells Caddy's event handlers. Campaigns that are
// new or gone have changed nothing that was sold before.
func Tell(
	ctx caddy.Context, log *zap.Logger, before, after map[string]*campaign.Campaign,
) {
	found := between(before, after)
	if len(found) == 0 {
		return
	}
	// Only where it is configured can anybody listen. The running configuration has it whole.
	app, _ := ctx.AppIfConfigured("events")
	events, listening := app.(*caddyevents.App)
	for _, c := range found {
		log.Info("this load changes a campaign", zap.String("campaign", c.campaign),
			zap.String("option", c.option), zap.String("from", c.from), zap.String("to", c.to))
		if listening && events.ShouldEmit(Event) {
			events.Emit(ctx, Event, map[string]any{
				"campaign": c.campaign, "option": c.option, "from": c.from, "to": c.to,
			})
		}
	}
}

// between are the changes of the campaigns that are in both, by campaign and option.
func between(before, after map[string]*campaign.Campaign) (changes []change) {
	for name, c := range after {
		old, ok := before[name]
		if !ok {
			continue
		}
		from, to := watched(old), watched(c)
		both := maps.Clone(from)
		maps.Copy(both, to)
		for option := range both {
			if from[option] != to[option] {
				changes = append(changes, change{name, option, from[option], to[option]})
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.campaign, b.campaign), cmp.Compare(a.option, b.option))
	})
	return changes
}

// watched are the options whose changes are told: price, link id, weights and schedule, those of
// variants with the variant's name in front.
func watched(c *campaign.Campaign) map[string]string {
	cfg := c.Config()
	options := map[string]string{
		"from": instant(cfg.From), "until": instant(cfg.Until), "off": "", "weights": weights(c),
	}
	if cfg.Off {
		options["off"] = "true"
	}
	watchOverrides(options, "", cfg.Overrides)
	if cfg.Experiment != nil {
		for _, v := range cfg.Experiment.Variants {
			watchOverrides(options, "variant "+v.Name+": ", v.Overrides)
		}
	}
	return options
}

func watchOverrides(options map[string]string, prefix string, o campaign.Overrides) {
	options[prefix+"link_id"] = o.LinkID
	if o.OneTimePrice != nil {
		options[prefix+"one_time_price"] = o.OneTimePrice.String()
	}
	if o.Quote != nil {
		options[prefix+"quote"] = o.Quote.String()
	}
}

// weights are the shares of all users that the variants have, in their order: what changes them,
// coverage included, changes who pays which price.
func weights(c *campaign.Campaign) string {
	key, ranges := c.Ranges()
	if key == "" {
		return ""
	}
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = fmt.Sprintf("%s %g%%", r.Variant, float64(r.End-r.Start)/100)
	}
	return key + ": " + strings.Join(texts, ", ")
}

// instant is a point in time, in one form however it was written.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
