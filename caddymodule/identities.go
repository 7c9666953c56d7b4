package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/ledger"
)

// identities are the authenticators of a configuration: the named ones and those written inside
// routes.
type identities struct {
	log    *zap.Logger
	named  map[string]*auth.Authenticator
	opened map[string]*auth.Authenticator // by fingerprint of the block
	all    []*auth.Authenticator
	keys   []string            // what we hold of remoteKeys
	offers *auth.Authenticator // of signed offers; nil: none are taken
}

// openIdentities makes the named ones.
func (ids *identities) openNamed(named map[string]*JWT, log *zap.Logger) error {
	ids.log = log
	ids.named = make(map[string]*auth.Authenticator)
	ids.opened = make(map[string]*auth.Authenticator)
	for _, name := range slices.Sorted(maps.Keys(named)) {
		authenticator, err := ids.open(named[name])
		if err != nil {
			if name == defaultJWT {
				return fmt.Errorf("jwt: %w", err)
			}
			return fmt.Errorf("jwt %s: %w", name, err)
		}
		ids.named[name] = authenticator
	}
	return nil
}

// open makes an authenticator. One with remote keys shares them with every configuration that
// fetches from the same place, so that a reload while the key server is down locks nobody out.
// Equal blocks are one authenticator, in however many routes they stand.
func (ids *identities) open(cfg *JWT) (*auth.Authenticator, error) {
	if cfg == nil {
		return nil, errors.New("is null: write its options, or remove it")
	}
	fingerprint := cfg.fingerprint()
	if known, ok := ids.opened[fingerprint]; ok {
		return known, nil
	}
	resolved, err := cfg.resolve(ids.log)
	if err != nil {
		return nil, err
	}
	located := func(err error) error {
		return block.Locate("jwt", fingerprint, cfg.conceal(err, resolved))
	}
	if remote := remoteSource(resolved); remote != "" {
		if resolved.Remote, err = takeRemoteKeys(remote, resolved); err != nil {
			return nil, located(err)
		}
		ids.keys = append(ids.keys, remote)
	}
	authenticator, err := auth.New(resolved)
	if err != nil {
		return nil, located(err)
	}
	if ids.offers != nil && authenticator.SharesKey(ids.offers) {
		return nil, located(errSharedKey)
	}
	ids.opened[fingerprint] = authenticator
	ids.all = append(ids.all, authenticator)
	return authenticator, nil
}

// Offers says which keys verify signed offers: tokens in links, which name a campaign and perhaps
// values and a subscriber. A site mints them with any JWT library, under the `typ` `offer+jwt`.
type Offers struct {
	// Secrets are HMAC keys, as those of a `jwt` are. Any of them verifies, and the first signs what
	// `caddy checkout sign` mints. They must not be the sign-in's.
	Secrets []string `json:"secret,omitempty"`
	// PublicKeys are PEM files or PEM texts, as those of a `jwt` are. Then only the site, which has
	// the private key, mints offers.
	PublicKeys []string `json:"public_key,omitempty"`
	// MaxAge is how far ahead the `exp` of an offer may lie, counted from each click. Default 30d, at
	// most 400d: for that long the ledger knows of an offer that was paid or revoked.
	MaxAge caddy.Duration `json:"max_age,omitempty"`
}

// defaultOfferAge is how long an offer may be good where nothing is said.
const defaultOfferAge = 30 * 24 * time.Hour

// check refuses what can be seen to be wrong without reading a key.
func (o *Offers) check() error {
	switch age := time.Duration(o.MaxAge); {
	case age < 0:
		return fmt.Errorf("max_age %s is negative: write `max_age 30d`, for example", age)
	case age > ledger.OfferLife:
		return fmt.Errorf("max_age %s is more than 400d: for no longer does the ledger know that "+
			"an offer was paid; write `max_age 400d` or less", age)
	}
	if len(o.Secrets)+len(o.PublicKeys) == 0 {
		return errors.New("no key: write `secret {env.OFFER_SECRET}`, or public_key")
	}
	return o.config().Check()
}

// config is the block as it stands.
func (o *Offers) config() auth.Config {
	return auth.Config{
		Secrets: o.Secrets, PublicKeys: o.PublicKeys, Type: signedoffer.Type,
		MaxLife: cmp.Or(time.Duration(o.MaxAge), defaultOfferAge),
	}
}

// openOffers makes the reader of signed offers; nil where none are taken.
func (ids *identities) openOffers(cfg *Offers, log *zap.Logger) (*signedoffer.Reader, error) {
	if cfg == nil {
		return nil, nil
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	keys := JWT{Secrets: cfg.Secrets, PublicKeys: cfg.PublicKeys}
	resolved, err := keys.resolve(log)
	if err != nil {
		return nil, err
	}
	whole := cfg.config()
	whole.Secrets, whole.PublicKeys = resolved.Secrets, resolved.PublicKeys
	if ids.offers, err = auth.New(whole); err != nil {
		return nil, keys.conceal(err, resolved)
	}
	return signedoffer.New(ids.offers), nil
}

var (
	errSharedKey = errors.New("one key signs sessions and offers: make another for `offers`, for " +
		"secrets with `openssl rand -base64 32`; a token that is not what it seems would be good " +
		"for both")
	errNoOffers = errors.New("offer: nothing verifies signed offers: write " +
		"`offers { secret {env.OFFER_SECRET} }` in the global checkout option")
)

// resolve is the block with its placeholders filled in.
func (j *JWT) resolve(log *zap.Logger) (auth.Config, error) {
	cfg := j.config()
	for _, text := range j.Secrets {
		secret, err := placeholder.Secret("secret", text, log)
		if err != nil {
			return cfg, err
		}
		cfg.Secrets = append(cfg.Secrets, secret)
	}
	var err error
	if cfg.PublicKeys, err = placeholder.Values("public_key", j.PublicKeys); err != nil {
		return cfg, err
	}
	if cfg.JWKS, err = placeholder.Value("jwks", j.JWKS); err != nil {
		return cfg, err
	}
	if cfg.Issuer, err = placeholder.Value("issuer", j.Issuer); err != nil {
		return cfg, err
	}
	if cfg.Audience, err = placeholder.Values("audience", j.Audience); err != nil {
		return cfg, err
	}
	return cfg, j.check()
}

// conceal keeps what placeholders stand for out of an error about the block.
func (j *JWT) conceal(err error, resolved auth.Config) error {
	return placeholder.Conceal(err,
		slices.Concat([]string{j.JWKS, j.Issuer}, j.PublicKeys, j.Audience),
		slices.Concat([]string{resolved.JWKS, resolved.Issuer}, resolved.PublicKeys,
			resolved.Audience))
}

// lookup finds the authenticator of a name.
func (ids *identities) lookup(name string) (*auth.Authenticator, error) {
	if authenticator, ok := ids.named[name]; ok {
		return authenticator, nil
	}
	return nil, errUnknownJWT(name)
}

// run keeps remote keys fresh until ctx ends.
func (ids *identities) run(ctx context.Context) {
	for _, authenticator := range ids.all {
		go authenticator.Run(ctx)
	}
}

// release gives back the remote keys that were taken.
func (ids *identities) release() {
	for _, key := range ids.keys {
		_, _ = remoteKeys.Delete(key) // Destruct of a key set cannot fail
	}
	ids.keys = nil
}

// remoteKeys outlive configurations.
var remoteKeys = caddy.NewUsagePool()

// pooledKeys are remote keys in the pool. They hold no connection and no goroutine of their own.
type pooledKeys struct{ *auth.RemoteKeys }

func (pooledKeys) Destruct() error { return nil }

// keysLog is the log of the configuration that runs: keys outlive the one that first asked for
// them, and its logs.
var keysLog atomic.Pointer[zap.Logger]

func takeRemoteKeys(key string, cfg auth.Config) (*auth.RemoteKeys, error) {
	v, _, err := remoteKeys.LoadOrNew(key, func() (caddy.Destructor, error) {
		remote := auth.RemoteConfig{URL: cfg.JWKS, OnRefresh: tellRefresh}
		if cfg.JWKS == "" {
			remote.Issuer = cfg.Issuer
		}
		keys, err := auth.NewRemoteKeys(remote)
		return pooledKeys{keys}, err
	})
	if err != nil {
		return nil, err
	}
	return v.(pooledKeys).RemoteKeys, nil
}

// tellRefresh counts a fetch of keys, and logs one that failed.
func tellRefresh(result string, err error) {
	metrics.JWKSRefreshes.WithLabelValues(result).Inc()
	if err == nil {
		return
	}
	log := keysLog.Load()
	if log == nil {
		log = caddy.Log().Named("checkout")
	}
	log.Named("keys").Warn("fetching keys failed", zap.String("result", result), zap.Error(err))
}
