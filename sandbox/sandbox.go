package sandbox

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The keys a zero Config accepts.
const (
	DefaultAccessKey      = "sandbox-access-key"
	DefaultAccessSecret   = "sandbox-access-secret"
	DefaultApplicationKey = "sandbox-application-key"
)

// OneLinkPath is the path of the "Generate Personalized Link" endpoint.
//
// https://docs.zotlo.com/integrating-zotlo/api-reference/checkout-endpoints/generate-personalized-link
const OneLinkPath = "/v2/app-to-web/one-link"

// LinkLifetime is how long a personal link can be opened and paid: one hour, as
// Zotlo's older page of the endpoint says.
//
// https://docs.zotlo.com/integrations/api-services/create-a-personalized-checkout-link
const LinkLifetime = time.Hour

// pagePath is what the paths of the hosted pages begin with; a link's id
// follows.
const pagePath = "/pay/"

// How much is remembered, unless Config says otherwise.
const (
	keepRequests = 10_000
	keepLinks    = 100_000
	keepPayments = 10_000
	keepEvents   = 10_000
)

// Config says which project the sandbox plays. The zero value works.
type Config struct {
	// AccessKey and AccessSecret are the headers every call must carry,
	// ApplicationKey the field of its body. Empty: the Default… constants.
	AccessKey      string
	AccessSecret   string
	ApplicationKey string

	// BaseLinks are the checkout links of the Dashboard by checkoutLinkId.
	// Nil: every id is known and shows a plain template.
	BaseLinks map[string]BaseLink

	// PublicURL is the absolute URL that personal links start with, such as
	// https://127.0.0.1:8443. Empty: https:// and the Host of the API call.
	PublicURL string

	// SuccessURL is where the page leads after a payment. Zotlo knows one per
	// project and none per link. Empty: nowhere.
	SuccessURL string

	// Webhooks are the addresses that webhooks go to. Empty ones get none.
	// SetWebhooks changes them later.
	Webhooks Webhooks

	// Client sends the webhooks. Redirects are never followed, they count as
	// failures. Nil: a client with a timeout of ten seconds.
	Client *http.Client

	// Now is the clock of links and webhooks. Nil: time.Now.
	// The delays of a Fault always pass on the real clock (or on that of a
	// testing/synctest bubble).
	Now func() time.Time

	// KeepRequests and KeepLinks bound the memory: how many of the newest calls
	// and links are remembered. 0: 10,000 calls and 100,000 links; a negative
	// KeepRequests keeps none. Each takes about 1 KiB.
	KeepRequests int
	KeepLinks    int
}

// Sandbox plays Zotlo: an http.Handler, and the methods by which a test pays,
// looks and makes trouble. Make one with New. It is safe for concurrent use, and
// starts no goroutine that outlives a call.
type Sandbox struct {
	cfg    Config
	bases  map[string]*BaseLink
	client *http.Client

	calls    atomic.Int64
	inFlight atomic.Int64
	maximum  atomic.Int64

	faults faults

	mu       sync.Mutex // guards everything below
	requests ring[*Request]
	links    store[*link]
	payments store[*payment]
	events   store[*event]
	webhooks Webhooks
	held     bool
	lastID   int           // of payments and subscriptions
	wake     chan struct{} // tells Run that the events changed
}

// New returns a sandbox with no calls, no links and no faults. It needs no
// closing.
func New(cfg Config) *Sandbox {
	cfg.AccessKey = cmp.Or(cfg.AccessKey, DefaultAccessKey)
	cfg.AccessSecret = cmp.Or(cfg.AccessSecret, DefaultAccessSecret)
	cfg.ApplicationKey = cmp.Or(cfg.ApplicationKey, DefaultApplicationKey)
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	cfg.KeepRequests = max(cmp.Or(cfg.KeepRequests, keepRequests), 0)
	if cfg.KeepLinks <= 0 {
		cfg.KeepLinks = keepLinks
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	bases := make(map[string]*BaseLink, len(cfg.BaseLinks))
	for id, base := range cfg.BaseLinks {
		bases[id] = base.complete(id)
	}
	return &Sandbox{
		cfg:      cfg,
		bases:    bases,
		client:   webhookClient(cfg.Client),
		requests: newRing[*Request](cfg.KeepRequests),
		links:    newStore[*link](cfg.KeepLinks),
		payments: newStore[*payment](keepPayments),
		events:   newStore[*event](keepEvents),
		webhooks: cfg.Webhooks,
		wake:     make(chan struct{}, 1),
	}
}

// ServeHTTP answers the API under OneLinkPath and the hosted pages under /pay/.
// Every other path is Zotlo's error 404001.
//
// It routes by hand: http.ServeMux would fix a doubled slash by a redirect,
// and hide a wrong address that Zotlo would refuse.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == OneLinkPath {
		s.serveOneLink(w, r)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, pagePath); ok {
		id, action, _ := strings.Cut(rest, "/")
		s.servePage(w, r, id, action)
		return
	}
	refuse(http.StatusNotFound, CodeEndpoint, "invalid endpoint").answer().write(w)
}
