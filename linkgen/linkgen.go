package linkgen

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"
)

// Project is one Zotlo project: its keys and its API address.
type Project struct {
	Name           string // empty for the default project
	AccessKey      string
	AccessSecret   string
	ApplicationKey string
	ApplicationID  string   // optional
	APIURL         string   // https, or http on loopback; empty means https://api.zotlo.com
	LinkHosts      []string // optional allow-list for the links Zotlo answers: exact hosts or *.example.net
}

// Rate is a number of events per duration. The zero Rate means no limit.
type Rate struct {
	Events int
	Per    time.Duration
}

// Limits protect the API and the shopper's patience. Zero fields mean the defaults of DefaultLimits.
type Limits struct {
	Timeout       time.Duration // a whole API call with its one retry; default 4 s
	MaxInFlight   int           // API calls at once, default 64
	Wait          time.Duration // how long a shopper waits in line for one; default 5 s
	Rate          Rate          // calls per project; default none
	PerSubscriber Rate          // links made for one subscriber; default 10 per minute
	PerIP         Rate          // guest links for one address, IPv6 by /64; default 10 per minute
}

// Config configures a Generator.
type Config struct {
	Projects []Project
	// Key is the secret from which cache keys and subscriber hashes are derived (by HKDF). At least 16 bytes.
	Key []byte
	// Cache keeps links. Required.
	Cache Cache
	// TTL is how long a link is given out, from the start of the API call that made it. Default 5 min, at most 55 min.
	TTL time.Duration
	// Limits bound what the generator asks of the API.
	Limits Limits
	// State is what outlives a Generator. Nil means a new one.
	State *State
	// Transport carries API calls. Nil means NewTransport().
	Transport http.RoundTripper
	// Hooks observe. All are optional and must be quick and safe for concurrent use.
	Hooks Hooks
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Hooks observe a Generator.
type Hooks struct {
	// APICall is told of each call's result (a closed set, see Results) and duration, retries apart.
	APICall func(project, result string, d time.Duration)
	// InFlight is told +1 and -1.
	InFlight func(delta int)
	// Breaker is told when a project's circuit breaker opens and closes.
	Breaker func(project string, open bool)
	// CacheError is told of a cache failure; the generator went on as if nothing were cached.
	CacheError func(err error)
	// Paused is told once when a project is paused, with Zotlo's code or "429".
	Paused func(project, code string, d time.Duration)
	// Panic is told of a panic that was caught in a background call.
	Panic func(value any, stack []byte)
}

// State is what outlives a Generator: flights, breakers, pauses, limiters, remembered refusals. Make it once and
// give it to every Generator that follows. It is safe for concurrent use, by old and new Generators at once.
type State struct{}

// NewState makes an empty State.
func NewState() *State { return new(State) }

// Order is what a link is wanted for.
type Order struct {
	Project    string
	Subscriber Subscriber // zero for a guest: the link is then made for this click and never cached
	IP         netip.Addr
	Language   string
	LinkID     string
	Price      string // with Currency, or neither
	Currency   string
	Fields     []Field // top-level wire fields by name
	Parameters []Field // custom parameters by dotted key
	Campaign   string  // for attribution
	Experiment string
	Variant    string
	OwnHost    string // the request's own host, where a link must not lead; not part of the key
}

// Field is a name and its value.
type Field struct{ Name, Value string }

// Subscriber is whom a link is for.
type Subscriber struct {
	Kind   string // email, phone or uuid
	ID     string
	Issuer string // of the token that said so; may be empty
}

// Source says where a link came from.
type Source string

// The sources of a link.
const (
	FromCache  Source = "cache"  // an earlier call
	FromAPI    Source = "api"    // a call of our own
	FromShared Source = "shared" // another shopper's click waited for the same call
)

// Result is a personal link.
type Result struct {
	URL       string
	ExpiresAt time.Time // the start of the API call plus one hour
	Source    Source
}

// Reason is why there is no link.
type Reason string

// The reasons.
const (
	Limited       Reason = "limited"        // per_subscriber or per_ip reached
	Busy          Reason = "busy"           // no free call within Limits.Wait
	Throttled     Reason = "throttled"      // API 429, or a pause after one
	Refused       Reason = "refused"        // API 4xx, 200 without a link, remembered refusal, bad credentials
	UntrustedLink Reason = "untrusted_link" // the link is not one we would send a shopper to
	Unavailable   Reason = "unavailable"    // API 5xx, connection failed, breaker open (then RetryAfter > 0)
	Timeout       Reason = "timeout"        // deadline
	Left          Reason = "left"           // the shopper's own context ended
	Panicked      Reason = "panic"          // a bug of ours
)

// Error is why there is no link. Its text may be shown to a shopper; Cause is for the log.
type Error struct {
	Reason     Reason
	RetryAfter time.Duration // zero when there is nothing to say
	Code       string        // Zotlo's errorCode, if any
	RequestID  string        // Zotlo's requestId, if any
	Status     int           // HTTP status of the API, if any
	cause      error
}

func (e *Error) Error() string { return string(e.Reason) }

// Cause is the private cause: for the log, never for the shopper. It holds no link, no secret and no personal data.
func (e *Error) Cause() error { return e.cause }

// Generator makes personal links. It is safe for concurrent use.
type Generator struct{}

// New checks cfg and makes a Generator. It makes no network connection.
func New(cfg Config) (*Generator, error) { return nil, errors.New("sketch") }

// Link returns the personal link for o: from the cache, from a call already under way, or from a new call.
// Its errors are *Error.
func (g *Generator) Link(ctx context.Context, o Order) (Result, error) {
	return Result{}, errors.New("sketch")
}

// Forget makes every link made for the subscriber dead at once, for all who share the cache.
func (g *Generator) Forget(ctx context.Context, s Subject) error { return nil }

// Subject is the keyed hash of a subscriber id, without its kind and issuer: what is remembered, logged and attributed instead of the id.
// E-mails are compared without case, phones without the plus.
type Subject [16]byte

// Subject hashes an id.
func (g *Generator) Subject(id string) Subject { return Subject{} }

// String is the subject in base64url, 22 characters.
func (s Subject) String() string { return "" }

// ParseSubject reads what String wrote.
func ParseSubject(text string) (Subject, error) { return Subject{}, errors.New("sketch") }

// Describe returns the exact API request that Link would send for o, with secrets hidden and the random part of the attribution left out. It sends nothing.
func (g *Generator) Describe(o Order) (Described, error) { return Described{}, errors.New("sketch") }

// Described is an API request for people.
type Described struct {
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"header"`
	Body   any               `json:"body"`
}

// Close lets go of idle connections. Calls under way go on.
func (g *Generator) Close() {}

// Attribution is what rides in customParameters.checkout, one string in URL query form.
type Attribution struct {
	Campaign   string // c
	Experiment string // e
	Variant    string // v
	Price      string // p
	Currency   string // u
	Subject    string // s
	Random     string // r
}

// String writes the query form; empty fields are left out.
func (a Attribution) String() string { return "" }

// ParseAttribution reads what String wrote.
func ParseAttribution(text string) (Attribution, error) {
	return Attribution{}, errors.New("sketch")
}
