package sandbox

import (
	"net/http"
	"time"
)

// The keys a zero Config accepts.
const (
	DefaultAccessKey      = "sandbox-access-key"
	DefaultAccessSecret   = "sandbox-access-secret"
	DefaultApplicationKey = "sandbox-application-key"
	// DefaultTestApplicationKey is that of test mode.
	DefaultTestApplicationKey = "sandbox-test-application-key"
)

// Config says which project the sandbox plays. The zero value works.
type Config struct {
	// AccessKey and AccessSecret are the headers every call must carry,
	// ApplicationKey the field of its body. Empty: the Default… constants.
	AccessKey      string
	AccessSecret   string
	ApplicationKey string

	// TestApplicationKey is the applicationKey of test mode: a link that was
	// created with it sells as InTestMode says. Empty: DefaultTestApplicationKey.
	TestApplicationKey string

	// BaseLinks are the checkout links of the Dashboard by checkoutLinkId: what
	// each sells, and what its page shows. An id that is not in it is refused.
	// ReadCatalog reads them from a file. Nil: every id is known, and sells one
	// plain product.
	BaseLinks Catalog

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

	// Doubts are the answers to what Zotlo's reference leaves open. SetDoubts
	// changes them later. Those that do not exist make New panic.
	Doubts Doubts

	// KeepRequests, KeepLinks, KeepPayments and KeepWebhooks bound the memory:
	// how many of the newest calls, links, payments (and refunds, and
	// subscriptions) and webhooks are remembered. 0: 100,000 links and 10,000 of
	// the others; a negative KeepRequests keeps none. Each takes one to four KiB.
	KeepRequests int
	KeepLinks    int
	KeepPayments int
	KeepWebhooks int
}
