package caddymodule

import (
	"net/netip"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-checkout/checkout/caddymodule/internal/clientip"
	"github.com/caddy-checkout/checkout/caddymodule/internal/errorpages"
	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgerlife"
	"github.com/caddy-checkout/checkout/caddymodule/internal/memo"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
	"github.com/caddy-checkout/checkout/caddymodule/internal/refusals"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/campaign"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/linkgen"
)

// services are what the routes of a configuration share at a request.
type services struct {
	log      *zap.Logger
	failures *zap.Logger // log, but a failure that repeats is sampled

	registry  *registry
	generator *linkgen.Generator
	ledger    *ledgerlife.Handle
	partners  *partners.Program   // nil: there are none
	secrets   *ledger.Secrets     // of attributions
	testMode  map[string]bool     // by project
	signed    *signedoffer.Reader // nil: no signed offers are taken

	languages        *campaign.Languages
	severalLanguages bool

	exposed *memo.Set[exposure] // spares a returning shopper the question whether they were counted

	refusals    refusals.Tally
	errorPages  errorpages.Finder
	addresses   clientip.Warnings
	pageWarning sync.Once
	loopWarning sync.Once
	unusable    sync.Map // campaign and cause of each warning given; causes hold no values
}

// question is all that a user's order of a campaign without placeholders depends on. Such offers
// are immutable.
type question struct {
	offer    *campaign.Offer
	ip       netip.Addr
	language string // the raw Accept-Language header, where it matters
	partner  string // who has sent the visitor
}

// keptOrder is the last order of a user who is remembered, which stands in their Note: it spares
// them the hashing.
type keptOrder struct {
	question
	order *linkgen.Prepared
}

// exposure is a subscriber who was shown a variant. In another minute the ledger is asked again.
type exposure struct {
	subscriber string
	run        *ledger.Run
	variant    string
	minute     int64
}

// sampled lets the first five of a message through in ten seconds, then every hundredth.
func sampled(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, 10*time.Second, 5, 100)
	}))
}
