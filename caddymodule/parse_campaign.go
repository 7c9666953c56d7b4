package caddymodule

import (
	"fmt"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/target"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/internal/eventname"
)

// parseCampaignBlock reads a campaign; the dispenser stands before its opening brace:
//
//	campaign <name> {
//		project <name>
//		match { <matcher>... }        (may be repeated: one that accepts is enough)
//		from <instant>
//		until <instant>
//		off
//		… overrides (see overrideOptions) …
//		experiment <key> { … }        (see parseExperiment)
//		event <name> [<duration>]       (may be repeated: all must have happened)
//		no_event <name> [<duration>]    (may be repeated)
//		partner [<code>...]
//		subscribed <url> [<package>...]
//		after_payment <url> [<duration>]
//		fallback <url>|error|next
//	}
func parseCampaignBlock(
	d *caddyfile.Dispenser, name string, shared campaign.Options,
) (*Campaign, error) {
	at := block.PlaceOf(d)
	c := new(Campaign)
	b := block.New(d, "campaign "+name)
	if err := b.Read(campaignGrammar(b, c, shared)); err != nil {
		return nil, err
	}
	return c, checkCampaignBlock(c, name, shared, at)
}

// checkCampaignBlock compiles the campaign as a whole, so that mistakes between its options are
// found with a line.
func checkCampaignBlock(
	c *Campaign, name string, shared campaign.Options, at block.Place,
) error {
	cfg := c.Config
	cfg.Name = name
	if _, err := campaign.New(cfg, shared); err != nil {
		return at.Errorf("%w", err)
	}
	return nil
}

// campaignGrammar is the grammar of a campaign, in its own block or inside a directive.
func campaignGrammar(b *block.Block, c *Campaign, shared campaign.Options) block.Options {
	grammar := overrideOptions(b, &c.Overrides, shared)
	grammar["project"] = func() error { return b.Text(&c.Project) }
	grammar["match"] = func() error { return parseMatch(b, c) }
	grammar["from"] = func() error { return b.Instant(&c.From) }
	grammar["until"] = func() error { return b.Instant(&c.Until) }
	grammar["off"] = func() error { return b.Flag(&c.Off) }
	grammar["event"] = func() error { return parseEvent(b, (*map[string]time.Duration)(&c.Events)) }
	grammar["no_event"] = func() error { return parseEvent(b, (*map[string]time.Duration)(&c.NoEvents)) }
	grammar["experiment"] = func() error { return parseExperiment(b, c, shared) }
	grammar["partner"] = func() error { return parsePartner(b, c) }
	grammar["subscribed"] = func() error { return parseSubscribed(b, c) }
	grammar["after_payment"] = func() error { return parseAfterPayment(b, c) }
	grammar["fallback"] = func() error { return parseFallback(b, &c.Fallback) }
	return grammar
}

func parseFallback(b *block.Block, to *string) error {
	if err := b.Text(to); err != nil {
		return err
	}
	_, err := target.ParseFallback(*to)
	return b.Check("fallback", err)
}

func parseMatch(b *block.Block, c *Campaign) error {
	set, err := caddyhttp.ParseCaddyfileNestedMatcherSet(b.Dispenser)
	if err != nil {
		return err
	}
	if len(set) == 0 {
		return b.Err("match is empty: write matchers in its block, such as " +
			"`expression {http.checkout.claim.plan} == \"free\"`")
	}
	c.MatchRaw = append(c.MatchRaw, set)
	return b.Check("match", placeholder.CheckMatchers(caddyhttp.RawMatcherSets{set}))
}

// parseEvent reads what must, or must not, have happened.
func parseEvent(b *block.Block, to *map[string]time.Duration) error {
	option := b.Val()
	args := b.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return b.Errf("%s takes a name and perhaps a duration: write `%s cart_left 3d`", option,
			option)
	}
	name := args[0]
	if _, given := (*to)[name]; given {
		return b.Errf("%s %s is written twice: keep one of them", option, name)
	}
	if err := eventname.Check(name); err != nil {
		return b.Check(option, err)
	}
	var within time.Duration
	if len(args) == 2 {
		var err error
		if within, err = caddy.ParseDuration(args[1]); err != nil || within <= 0 {
			return b.Errf("%s %s: %q is not a duration: write one such as 3d", option, name, args[1])
		}
	}
	if *to == nil {
		*to = make(map[string]time.Duration)
	}
	(*to)[name] = within
	return nil
}

func parsePartner(b *block.Block, c *Campaign) error {
	if err := b.Once(); err != nil {
		return err
	}
	c.Partner = append([]string{}, b.RemainingArgs()...) // an empty list is any partner
	for _, code := range c.Partner {
		if err := partners.CheckOption(code); err != nil {
			return b.Check("partner", err)
		}
	}
	return nil
}

func parseSubscribed(b *block.Block, c *Campaign) error {
	if err := b.Once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) == 0 {
		return b.Err("subscribed takes a URL and perhaps packages: write `subscribed /account`")
	}
	c.Subscribed = &Subscribed{URL: args[0], Packages: args[1:]}
	_, err := c.Subscribed.parse()
	return b.Check("subscribed", err)
}

func parseAfterPayment(b *block.Block, c *Campaign) error {
	if err := b.Once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return b.Err("after_payment takes a URL and perhaps a duration: " +
			"write `after_payment /account 24h`")
	}
	if _, err := target.Parse(args[0]); err != nil {
		return b.Check("after_payment", err)
	}
	c.AfterPayment = &AfterPayment{URL: args[0]}
	if len(args) == 1 {
		return nil
	}
	d, err := caddy.ParseDuration(args[1])
	if err != nil || d <= 0 {
		return b.Errf("after_payment: %q is not a duration: write one such as 24h", args[1])
	}
	c.AfterPayment.For = caddy.Duration(d)
	return nil
}

// parseExperiment reads
//
//	experiment <key> {
//		coverage <percent>
//		seed <text>
//		hash_attribute <claim>
//		namespace <name> <from> <to>
//		window <duration>
//		metric rate | revenue <currency>
//		variant <name> <weight> { … overrides … }
//	}
func parseExperiment(b *block.Block, c *Campaign, shared campaign.Options) error {
	if err := b.Once(); err != nil {
		return err
	}
	key, err := b.Name()
	if err != nil {
		return err
	}
	e := &campaign.ExperimentConfig{Key: key}
	inner := b.Inner("experiment " + key)
	err = inner.Read(block.Options{
		"coverage":       func() error { return inner.Text(&e.Coverage) },
		"seed":           func() error { return inner.Text(&e.Seed) },
		"hash_attribute": func() error { return inner.Text(&e.HashAttribute) },
		"namespace":      func() error { return parseNamespace(inner, e) },
		"window":         func() error { return inner.Duration((*caddy.Duration)(&e.Window)) },
		"metric":         func() error { return parseMetric(inner, e) },
		"variant":        func() error { return parseVariant(inner, e, shared) },
	})
	c.Experiment = e
	return err
}

func parseNamespace(b *block.Block, e *campaign.ExperimentConfig) error {
	if err := b.Once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	if len(args) != 3 {
		return b.Err("namespace takes a name and a range: write `namespace checkout 0% 50%`")
	}
	e.Namespace = &campaign.NamespaceConfig{Name: args[0], From: args[1], To: args[2]}
	return nil
}

func parseMetric(b *block.Block, e *campaign.ExperimentConfig) error {
	if err := b.Once(); err != nil {
		return err
	}
	if e.Metric = strings.Join(b.RemainingArgs(), " "); e.Metric == "" {
		return b.Err("metric takes what decides: write `metric rate` or `metric revenue EUR`")
	}
	return nil
}

func parseVariant(b *block.Block, e *campaign.ExperimentConfig, shared campaign.Options) error {
	args := b.RemainingArgs()
	if len(args) != 2 {
		return b.Err("variant takes a name and a weight: write `variant control 50%`")
	}
	v := campaign.VariantConfig{Name: args[0], Weight: args[1]}
	for _, other := range e.Variants {
		if other.Name == v.Name {
			return b.Errf("variant %q is written twice: give one of them another name", v.Name)
		}
	}
	inner := b.Inner(fmt.Sprintf("variant %s", v.Name))
	if err := inner.Read(overrideOptions(inner, &v.Overrides, shared)); err != nil {
		return err
	}
	e.Variants = append(e.Variants, v)
	return nil
}

// overrideOptions is the grammar of what a campaign or a variant changes in the base link:
//
//	link_id <id>
//	one_time_price <amount> <currency> [<min> <max>]
//	quote <amount> <currency>
//	package_name | additional_text | product_image | language <value>
//	package | theme | layout | title | description | button_text <value>
//	field <name> <value>                (may be repeated)
//	custom_parameter <key> <value>      (may be repeated)
//	mmp <key> <value>                   (may be repeated)
//
// Each option is checked as soon as it is read, so that the error carries its line.
func overrideOptions(
	b *block.Block, o *campaign.Overrides, shared campaign.Options,
) block.Options {
	grammar := block.Options{
		"one_time_price":   func() error { return parsePrice(b, &o.OneTimePrice) },
		"quote":            func() error { return parsePrice(b, &o.Quote) },
		"field":            func() error { return parsePair(b, &o.Fields) },
		"custom_parameter": func() error { return parsePair(b, &o.CustomParameters) },
		"mmp":              func() error { return parsePair(b, &o.MMP) },
	}
	for option, to := range map[string]*string{
		"link_id": &o.LinkID, "package_name": &o.PackageName, "additional_text": &o.AdditionalText,
		"product_image": &o.ProductImage, "package": &o.Package, "theme": &o.Theme, "layout": &o.Layout,
		"title": &o.Title, "description": &o.Description, "button_text": &o.ButtonText, "language": &o.Language,
	} {
		grammar[option] = func() error { return b.Text(to) }
	}
	for option, read := range grammar {
		grammar[option] = func() error {
			if err := read(); err != nil {
				return err
			}
			return checkOverrides(b, option, *o, shared)
		}
	}
	return grammar
}

// checkOverrides checks the options read so far. Those before this one were found good, so an error
// is about this one.
func checkOverrides(
	b *block.Block, option string, o campaign.Overrides, shared campaign.Options,
) error {
	if err := o.Check(shared); err != nil {
		return b.Check(option, err)
	}
	return b.Check(option, o.Untrusted(shared, couldBeTrusted))
}

// couldBeTrusted reports whether some route might trust the placeholder. Claims depend on the
// route's trusted_claims.
func couldBeTrusted(key string) bool {
	return placeholder.Trusted(key, func(string) bool { return true })
}

func parsePrice(b *block.Block, to **campaign.Price) error {
	option := b.Val()
	if err := b.Once(); err != nil {
		return err
	}
	args := b.RemainingArgs()
	switch {
	case len(args) == 1 && !strings.ContainsAny(args[0], "0123456789{"):
		return b.Errf("%s: the amount is missing: write `%s 19.99 %s`%s", option, option, args[0],
			block.Unset)
	case len(args) == 1:
		return b.Errf("%s: the currency is missing: write `%s %s EUR`", option, option, args[0])
	case len(args) == 2:
		*to = &campaign.Price{Amount: args[0], Currency: args[1]}
	case len(args) == 4 && option == "one_time_price":
		*to = &campaign.Price{Amount: args[0], Currency: args[1], Min: args[2], Max: args[3]}
	case option == "one_time_price":
		return b.Err("one_time_price takes an amount and a currency, and for a placeholder a " +
			"least and a greatest amount: write `one_time_price 19.99 EUR`")
	default:
		return b.Errf("%s takes an amount and a currency: write `%s 19.99 EUR`", option, option)
	}
	return nil
}

func parsePair(b *block.Block, to *map[string]string) error {
	option := b.Val()
	args := b.RemainingArgs()
	if len(args) != 2 {
		return b.Errf("%s takes a name and a value, not %d words: write `%s <name> <value>`, in "+
			"quotes if it holds blanks", option, len(args), option)
	}
	if _, given := (*to)[args[0]]; given {
		return b.Errf("%s %q is written twice: keep one of them", option, args[0])
	}
	if *to == nil {
		*to = make(map[string]string)
	}
	(*to)[args[0]] = args[1]
	return nil
}
