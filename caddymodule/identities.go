package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/auth"
)

// defaultJWT is the name of the identity that routes use when they name none.
const defaultJWT = "default"

// identities are the authenticators of a configuration: the named ones and those written inside routes.
type identities struct {
	named  map[string]*auth.Authenticator
	opened map[string]*auth.Authenticator // by fingerprint of the block
	all    []*auth.Authenticator
	keys   []string // what we hold of remoteKeys
}

func (a *App) provisionIdentities() error {
	a.ids.named, a.ids.opened = make(map[string]*auth.Authenticator), make(map[string]*auth.Authenticator)
	for _, name := range slices.Sorted(maps.Keys(a.JWT)) {
		authenticator, err := a.ids.open(a.JWT[name], a.log)
		if err != nil {
			if name == defaultJWT {
				return fmt.Errorf("jwt: %w", err)
			}
			return fmt.Errorf("jwt %s: %w", name, err)
		}
		a.ids.named[name] = authenticator
	}
	return nil
}

// open makes an authenticator. One with remote keys shares them with every configuration that fetches from the same place,
// so that a reload while the key server is down locks nobody out. Equal blocks are one authenticator, in however many routes they stand.
func (ids *identities) open(cfg *JWT, log *zap.Logger) (*auth.Authenticator, error) {
	if cfg == nil {
		return nil, errors.New("is null: write its words, or remove it")
	}
	fingerprint := cfg.fingerprint()
	if known, ok := ids.opened[fingerprint]; ok {
		return known, nil
	}
	resolved, err := cfg.resolve(log)
	if err != nil {
		return nil, err
	}
	if remote := remoteSource(resolved); remote != "" {
		if resolved.Remote, err = takeRemoteKeys(remote, resolved); err != nil {
			return nil, secretPlaces.locate("jwt", fingerprint, cfg.conceal(err, resolved))
		}
		ids.keys = append(ids.keys, remote)
	}
	authenticator, err := auth.New(resolved)
	if err != nil {
		return nil, secretPlaces.locate("jwt", fingerprint, cfg.conceal(err, resolved))
	}
	ids.opened[fingerprint] = authenticator
	ids.all = append(ids.all, authenticator)
	return authenticator, nil
}

// lookup finds the authenticator of a name; an empty name means the default one.
func (ids *identities) lookup(name string) (*auth.Authenticator, error) {
	if name == "" {
		name = defaultJWT
	}
	if authenticator, ok := ids.named[name]; ok {
		return authenticator, nil
	}
	if name == defaultJWT {
		return nil, errors.New("who the shopper is, is not configured: write a `jwt` block here or in the global checkout option")
	}
	return nil, fmt.Errorf("jwt %q is not defined: write `jwt %s {` in the global checkout option", name, name)
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

// config is the block as it stands, without its secrets and public keys.
func (j *JWT) config() auth.Config {
	return auth.Config{
		JWKS: j.JWKS, Issuer: j.Issuer, Audience: j.Audience, Algorithms: j.Algorithms, From: j.From,
		SubscriberID: j.SubscriberID, VerifiedContact: j.VerifiedContact, TrustedClaims: j.TrustedClaims,
		Leeway: j.leeway(), MaxAge: time.Duration(j.MaxAge),
	}
}

// leeway is the word as package auth wants it, where zero means the default and less means none.
func (j *JWT) leeway() time.Duration {
	switch {
	case j.Leeway == nil:
		return 0
	case *j.Leeway == 0:
		return -1
	}
	return time.Duration(*j.Leeway)
}

// resolve is the block with its placeholders filled in.
func (j *JWT) resolve(log *zap.Logger) (auth.Config, error) {
	cfg := j.config()
	for _, text := range j.Secrets {
		secret, err := resolveSecret("secret", text, log)
		if err != nil {
			return cfg, err
		}
		cfg.Secrets = append(cfg.Secrets, secret)
	}
	var err error
	if cfg.PublicKeys, err = resolveAll("public_key", j.PublicKeys); err != nil {
		return cfg, err
	}
	if cfg.JWKS, err = resolve("jwks", j.JWKS); err != nil {
		return cfg, err
	}
	if cfg.Issuer, err = resolve("issuer", j.Issuer); err != nil {
		return cfg, err
	}
	if cfg.Audience, err = resolveAll("audience", j.Audience); err != nil {
		return cfg, err
	}
	return cfg, j.checkNames()
}

// conceal keeps what placeholders stand for out of an error about the block.
func (j *JWT) conceal(err error, resolved auth.Config) error {
	return conceal(err,
		slices.Concat([]string{j.JWKS, j.Issuer}, j.PublicKeys, j.Audience),
		slices.Concat([]string{resolved.JWKS, resolved.Issuer}, resolved.PublicKeys, resolved.Audience))
}

// checkNames refuses placeholders where a name is wanted.
func (j *JWT) checkNames() error {
	for _, list := range []struct {
		word  string
		names []string
	}{{"algorithms", j.Algorithms}, {"subscriber_id", j.SubscriberID}, {"trusted_claims", j.TrustedClaims}} {
		if err := checkNames(list.word, list.names); err != nil {
			return err
		}
	}
	return nil
}

// remoteSource says where cfg fetches its keys; it is empty when they are at hand.
func remoteSource(cfg auth.Config) string {
	switch {
	case cfg.JWKS != "":
		return "jwks " + cfg.JWKS
	case cfg.Issuer != "" && len(cfg.Secrets) == 0 && len(cfg.PublicKeys) == 0:
		return "issuer " + cfg.Issuer
	}
	return ""
}

// remoteKeys outlive configurations.
var remoteKeys = caddy.NewUsagePool()

// pooledKeys are remote keys in the pool. They hold no connection and no goroutine of their own.
type pooledKeys struct{ *auth.RemoteKeys }

func (pooledKeys) Destruct() error { return nil }

// keysLog is the log of the configuration that runs now.
func keysLog() *zap.Logger {
	if running := liveApps.newest(); running != nil {
		return running.failures.Named("keys")
	}
	return caddy.Log().Named("checkout.keys")
}

func takeRemoteKeys(key string, cfg auth.Config) (*auth.RemoteKeys, error) {
	v, _, err := remoteKeys.LoadOrNew(key, func() (caddy.Destructor, error) {
		remote := auth.RemoteConfig{URL: cfg.JWKS, OnRefresh: func(result string, err error) {
			jwksRefreshes.WithLabelValues(result).Inc()
			if err != nil {
				// Keys outlive the configuration that first asked for them, and its logs.
				keysLog().Warn("fetching keys failed", zap.String("result", result), zap.Error(err))
			}
		}}
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
