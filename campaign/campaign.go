package campaign

import (
	"errors"
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
	// Experiment splits the campaign's users into variants.
	Experiment *ExperimentConfig `json:"experiment,omitempty"`
}

// Overrides are the fields of the base link that a campaign or a variant changes. Empty ones are not sent.
// Values may hold placeholders in braces; trusted words only those that a visitor cannot write.
type Overrides struct {
	LinkID           string            `json:"link_id,omitempty"`
	OneTimePrice     *Price            `json:"one_time_price,omitempty"`
	Quote            *Price            `json:"quote,omitempty"`
	PackageName      string            `json:"package_name,omitempty"`
	AdditionalText   string            `json:"additional_text,omitempty"`
	ProductImage     string            `json:"product_image,omitempty"`
	Package          string            `json:"package,omitempty"`
	Theme            string            `json:"theme,omitempty"`
	Layout           string            `json:"layout,omitempty"`
	Title            string            `json:"title,omitempty"`
	Description      string            `json:"description,omitempty"`
	ButtonText       string            `json:"button_text,omitempty"`
	Language         string            `json:"language,omitempty"`
	Fields           map[string]string `json:"field,omitempty"`
	CustomParameters map[string]string `json:"custom_parameter,omitempty"`
	MMP              map[string]string `json:"mmp,omitempty"`
}

// Price is an amount in major units with a decimal point, and its ISO 4217 currency.
type Price struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	// Min and Max bound an amount that is a placeholder; they are required then and refused otherwise.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
}

// ExperimentConfig is a sticky split of a campaign's users.
type ExperimentConfig struct {
	// Key is the experiment's unique name.
	Key string `json:"key"`
	// Coverage is the share of users in the experiment, such as "80%". Default 100%.
	Coverage string `json:"coverage,omitempty"`
	// Seed mixes the hash. Default: the key.
	Seed string `json:"seed,omitempty"`
	// HashAttribute is the claim that is hashed. Default: sub, else the subscriber.
	HashAttribute string `json:"hash_attribute,omitempty"`
	// Variants are the arms, the control first. Their weights sum to 100%.
	Variants []VariantConfig `json:"variant"`
}

// VariantConfig is one arm of an experiment.
type VariantConfig struct {
	Name   string `json:"name"`
	Weight string `json:"weight"`
	Overrides
}

// Options are what campaigns of one configuration share.
type Options struct {
	// ParseTemplate splits a configured value into literals and placeholders. Nil means ParseTemplate of this package.
	ParseTemplate func(text string) (Template, error)
	// Languages is the closed list of checkout languages. Nil means NewLanguages("en").
	Languages *Languages
}

// Template is a configured value, cut at its placeholders.
type Template []Part

// Part is a literal or, when Key is not empty, a placeholder.
type Part struct {
	Literal string
	Key     string
}

// ParseTemplate cuts text at {placeholders}; \{ is a literal brace.
func ParseTemplate(text string) (Template, error) { return nil, errors.New("sketch") }

// Check reports the first mistake in the words that are set, each on its own: what can be said without the rest of the campaign.
func (o Overrides) Check(opt Options) error { return errors.New("sketch") }

// Campaign is a checked campaign, ready to decide. It is immutable and safe for concurrent use.
type Campaign struct{ cfg Config }

// New checks cfg and prepares a Campaign.
func New(cfg Config, opt Options) (*Campaign, error) { return nil, errors.New("sketch") }

// Name is the campaign's name.
func (c *Campaign) Name() string { return c.cfg.Name }

// Config returns what New was given.
func (c *Campaign) Config() Config { return c.cfg }

// Warnings are what the operator should know about this campaign at load.
func (c *Campaign) Warnings() []string { return nil }

// Untrusted returns an error naming the first trusted word that holds a placeholder which trusted refuses.
func (c *Campaign) Untrusted(trusted func(key string) bool) error { return nil }

// Placeholders lists every placeholder key that the campaign reads.
func (c *Campaign) Placeholders() []string { return nil }

// State is "active", "scheduled", "ended" or "off" at now.
func (c *Campaign) State(now time.Time) string { return "active" }

// Scheduled reports whether the campaign has a From or Until, or is off: whether time alone can make it inactive.
func (c *Campaign) Scheduled() bool { return false }

// Facts are what a decision may know of one request. Implementations need not be safe for concurrent use.
type Facts interface {
	// Now is the instant of the request.
	Now() time.Time
	// Subscriber is the verified subscriber's id, or empty for a stranger.
	Subscriber() string
	// Claim is a verified claim as text.
	Claim(path string) (string, bool)
	// Value is the value of a placeholder. It is never expanded again.
	Value(key string) (string, bool)
	// Match reports whether the campaign's matchers accept the request.
	Match(c *Campaign) (bool, error)
	// Trusted reports, at request time, whether a trusted word may use the placeholder (checked again because
	// a campaign may have been named by a placeholder).
	Trusted(key string) bool
}

// Offer is what one request gets. Offers without placeholders are shared: treat them as read-only.
type Offer struct {
	Campaign   *Campaign
	Experiment string // key, empty when the campaign has none or the user is not covered
	Variant    string
	Reason     string // OpenFeature: STATIC, SPLIT, DEFAULT (no stable id), DISABLED (not covered)
	Bucket     int    // 0 to 9999, -1 when nothing was hashed
	Counted    bool   // whether handing out this offer is an exposure
	LinkID     string
	Price      Price // one-time price that is sent; zero if none
	Quote      Price // price that is only shown; zero if none
	Language   string
	// Fields are the top-level wire fields in the order of their names, without checkoutLinkId, customPrice, customCurrency and language.
	Fields []Field
	// Parameters are the custom parameters by dotted key, in the order of their keys.
	Parameters []Field
	// Dropped names the words whose value was missing or unusable and is left out.
	Dropped []string
}

// Field is a name and its value.
type Field struct{ Name, Value string }

// Override returns the resolved value of a configuration word, such as "package_name".
func (o *Offer) Override(word string) (string, bool) { return "", false }

// ErrNone means that no campaign is active and matches.
var ErrNone = errors.New("no campaign")

// BadOfferError means that a campaign was chosen but its price or link id is unusable.
type BadOfferError struct {
	Campaign *Campaign
	Word     string
	Why      string // holds no value of a placeholder
}

func (e *BadOfferError) Error() string {
	return "campaign " + e.Campaign.Name() + ": " + e.Word + ": " + e.Why
}

// Decide takes the first campaign of list that is active and matches, its variant, and its resolved overrides.
// Errors: ErrNone, *BadOfferError, or what Match returned.
func Decide(list []*Campaign, f Facts) (*Offer, error) { return nil, ErrNone }

// Trace is Decide with its reasons, for people.
type Trace struct {
	Steps []Step
	Offer *Offer
	Err   error
}

// Step is one campaign tried.
type Step struct {
	Campaign string `json:"campaign"`
	Result   string `json:"result"` // chosen, or why not: off, scheduled, ended, no match, not reached, match failed
	Detail   string `json:"detail,omitempty"`
}

// Explain decides as Decide does and says why. A non-empty variant forces that variant; it is then not counted.
func Explain(list []*Campaign, f Facts, variant string) Trace { return Trace{} }

// Range is a variant's share of the bucket space, in basis points: [Start, End).
type Range struct {
	Variant    string
	Start, End int
}

// Ranges returns the experiment's key and ranges; an empty key means no experiment.
func (c *Campaign) Ranges() (key string, ranges []Range) { return "", nil }

// Moved returns how many basis points of all users get another variant under b than under a, when both have the same experiment key.
func Moved(a, b *Campaign) int { return 0 }

// Languages is a closed list of checkout languages.
type Languages struct{}

// NewLanguages checks a list of languages as Zotlo writes them (en, tr, pt_br). The first is the default.
func NewLanguages(list ...string) (*Languages, error) { return nil, errors.New("sketch") }

// Match returns the entry that fits the first usable preference; each is a language tag or an Accept-Language value. Never empty.
func (l *Languages) Match(preferences ...string) string { return "en" }

// Words lists the override words of the configuration in their documented order.
func Words() []string { return nil }
