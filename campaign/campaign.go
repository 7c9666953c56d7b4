// Package campaign decides what a shopper is offered: which campaign, which variant of its
// experiment, at which price, with which texts. It is pure: a [User], the [Facts] of a request and
// an instant come in, a [Decision] comes out. It makes no network connection, starts no goroutine,
// has no clock, keeps no state and logs nothing.
//
// # A decision
//
// A [Config] is what the operator writes; [New] checks it once and compiles a [Campaign]. For each
// request [Decide]
//
//  1. takes the first campaign of a list whose conditions hold (else [ErrNone]),
//  2. finds the user's variant, if the campaign has an experiment,
//  3. puts the variant's overrides over the campaign's,
//  4. fills in placeholders and checks what came out.
//
// A campaign's conditions are the partners that it is for, the caller's request matchers, and events
// that happened to the user or did not. They are asked of an active campaign in order, cheapest
// first, up to the first that does not hold; no fact is asked for before a
// condition or an override needs it. The answer says which place of the list was chosen, so that
// the caller finds what it keeps beside the campaign without a look-up.
//
// An override whose value turns out missing, empty or unusable is left out and named in
// Offer.Dropped: a missing name must not cost a sale. Price and link id are the exception. They are
// never guessed, replaced or sent in part: the answer is an [*Error], and the caller falls back.
//
// [Explain] is the same decision with its reasons, for people.
//
// # Overrides and whom they trust
//
// [Overrides] lists what a campaign can change. Values may hold placeholders, which
// Options.ParseTemplate finds, and each override says whose:
//
//   - trusted ones (link_id, one_time_price, quote, product_image, package, theme, layout, field)
//     only those that a visitor cannot write. [Campaign.Untrusted] holds a campaign against that
//     rule at load, Facts.Trusted at each request.
//   - texts (package_name, additional_text, title, description, button_text, language) take any.
//     Zotlo's page inserts texts without escaping them, so the characters < > " & \ and the
//     backtick, control characters and bidi controls are removed from what a placeholder brought
//     in; never from what the operator wrote. Texts are cut at their limit.
//   - custom_parameter and mmp take any as they are, but for control characters: up to 32 keys, 256
//     characters each, 2 KiB in all.
//
// A placeholder's value is never looked at for placeholders again.
//
// A one-time price may be a placeholder too, such as one that a backend sets, but only within
// bounds:
//
//	Price{Amount: "{http.reverse_proxy.header.X-Price}", Currency: "EUR", Min: "1.00", Max: "99.00"}
//
// Amounts are compared as integers and sent as they were written. The currency is always a literal.
//
// # Experiments
//
// A user's bucket is GrowthBook's hash version 2 of seed and user id, an integer from 0 to 9999, so
// that anyone can recompute it with GrowthBook's SDKs. A variant owns the buckets [start, start +
// floor(weight × coverage)), where start is the sum of the weights before it: raising the coverage
// adds users and moves none. Changing weights does move users; [Campaign.Moved] says how many.
//
// A namespace bounds an experiment to a share of all users, by GrowthBook's hash version 1 of user
// id and name, in thousandths. Experiments with disjoint ranges of one namespace never share a
// user.
//
// The id is the claim that HashAttribute names; by default sub, else the subscriber (an e-mail in
// lower case). Users without an id get the first variant and are not counted. Users who are not
// covered, or not in the namespace, get the campaign without a variant, and are not counted either.
// There is no memory: a user whose id changes may get another variant.
//
// # Speed
//
// A campaign without placeholders has one offer for each variant, compiled at load. Decide then
// allocates nothing.
package campaign

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Config is one campaign as the operator wrote it.
type Config struct {
	// Name is the campaign's unique name: 1 to 64 of A-Z a-z 0-9 _ - and the dot.
	Name string `json:"name,omitempty"`
	Overrides
	// From is the first instant of the campaign. Default: no start.
	From time.Time `json:"from,omitzero"`
	// Until is the first instant after the campaign. Default: no end.
	Until time.Time `json:"until,omitzero"`
	// Off switches the campaign off, whatever its schedule says.
	Off bool `json:"off,omitempty"`
	// Partner restricts the campaign to visitors whom a partner has sent: one of these codes, which
	// are compared without case, or any partner of the table where the list is empty. Default: all
	// visitors.
	Partner []string `json:"partner,omitzero"`
	// Events must all have happened to the user: names, each with how long ago at most; 0 is at any
	// time. A name is one that the site's backend tells, or Zotlo's own, such as `zotlo.cancel`.
	// For anonymous visitors, and while the ledger is away, no campaign with events is chosen.
	Events events `json:"event,omitempty"`
	// NoEvents must not have happened to the user, each within its time, or ever where that is 0.
	// They hold for known users alone, so that to sign out is no way to a discount.
	NoEvents events `json:"no_event,omitempty"`
	// Experiment splits the campaign's users into variants.
	Experiment *ExperimentConfig `json:"experiment,omitempty"`
}

// Options are what campaigns of one configuration share.
type Options struct {
	// ParseTemplate cuts a configured value at its placeholders. With nil there are none, and a
	// brace in a value is an error.
	ParseTemplate func(text string) ([]Part, error)
	// Languages is the closed list of checkout languages. Nil means NewLanguages("en").
	Languages *Languages
}

// withDefaults fills in what Options leaves out. Check, New and Untrusted all go through it, so a
// value means the same to each of them.
func (opt Options) withDefaults() Options {
	if opt.ParseTemplate == nil {
		opt.ParseTemplate = noPlaceholders
	}
	if opt.Languages == nil {
		opt.Languages = english()
	}
	return opt
}

// english is the list of languages for callers that give none. It is built once and shared, since a
// Languages never changes.
var english = sync.OnceValue(func() *Languages {
	l, _ := NewLanguages("en")
	return l
})

// maxName is how many characters the name of a campaign, an experiment or a variant may have.
const maxName = 64

// nameRule is how an error words what isName accepts for the names of campaigns, experiments and
// variants.
const nameRule = "1 to 64 of A-Z a-z 0-9 . _ -"

// Check reports the first mistake in the overrides that are set, each on its own: what can be said
// without the rest of the campaign.
func (o Overrides) Check(opt Options) error {
	_, err := o.compile(opt.withDefaults())
	return err
}

// Campaign is a checked campaign, ready to decide. It is immutable and safe for concurrent use.
type Campaign struct {
	cfg        Config
	schedule   schedule
	conditions []condition
	levels     []level

	plain *arm   // the campaign without a variant
	split *split // nil: no experiment
	arms  []*arm // one for each variant
	first *arm   // the first variant, for users without a stable id
}

// level is where overrides stand: in the campaign itself or in one of its variants.
type level struct {
	where string // prefix for messages
	slots []slot
}

// New checks cfg and prepares a Campaign. Its errors name the campaign, the option and
// the fix.
func New(cfg Config, opt Options) (*Campaign, error) {
	if !isName(cfg.Name, "._-") {
		return nil, fmt.Errorf("campaign %q: name must be %s", cfg.Name, nameRule)
	}
	c := &Campaign{cfg: cfg, conditions: []condition{matchers{}}}
	if cfg.Partner != nil { // cheaper than matchers, so it is asked first
		c.conditions = slices.Insert(c.conditions, 0, condition(partners{}))
	}
	if err := c.compile(opt.withDefaults()); err != nil {
		return nil, fmt.Errorf("campaign %s: %w", cfg.Name, err)
	}
	return c, nil
}

// compile checks the configuration and prepares the arms. The schedule comes first, and what is sold
// last: whether something is missing depends on the variants.
func (c *Campaign) compile(opt Options) error {
	var err error
	if c.schedule, err = newSchedule(&c.cfg); err != nil {
		return err
	}
	if err := c.compileEvents(); err != nil {
		return err
	}
	slots, err := c.cfg.Overrides.compile(opt)
	if err != nil {
		return err
	}
	c.levels = []level{{slots: slots}}
	head := Offer{Campaign: c, Reason: reasonStatic}
	if c.cfg.Experiment != nil {
		head.Reason = reasonDisabled
		if err := c.compileVariants(opt); err != nil {
			return err
		}
	}
	c.plain = newArm(head, slots)
	return c.sellable()
}

// compileVariants makes the arms of an experiment. A variant is checked by itself first, so that a
// mistake is reported where it stands, and then together with the campaign's overrides.
func (c *Campaign) compileVariants(opt Options) (err error) {
	e := c.cfg.Experiment
	if c.split, err = e.compile(); err != nil {
		return err
	}
	for i := range e.Variants {
		v := &e.Variants[i]
		where := "variant " + v.Name
		own, err := v.Overrides.compile(opt)
		if err != nil {
			return wrap(where, err)
		}
		merged, err := v.Overrides.over(c.cfg.Overrides).compile(opt)
		if err != nil {
			return wrap(where+", with the campaign's own overrides", err)
		}
		c.levels = append(c.levels, level{where + ": ", own})
		head := Offer{
			Campaign: c, Experiment: e.Key, Variant: v.Name, Reason: reasonSplit, Counted: true,
		}
		c.arms = append(c.arms, newArm(head, merged))
	}
	head := c.arms[0].head
	head.Reason, head.Counted = reasonDefault, false
	c.first = newArm(head, c.arms[0].slots)
	return nil
}

// Name is the campaign's name.
func (c *Campaign) Name() string { return c.cfg.Name }

// Config returns what New was given. Its maps, slices and pointers are those of the caller: treat
// them as read-only.
func (c *Campaign) Config() Config { return c.cfg }
