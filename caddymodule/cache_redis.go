package caddymodule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/linkgen/rediscache"
)

// RedisServer says where a Redis or Valkey is.
type RedisServer struct {
	// URLs are addresses: `redis://host:6379/0` or `rediss://…` for TLS. One for a single server,
	// several for sentinels or a cluster. Passwords come from `{env.NAME}` or
	// `{file./absolute/path}`, here or in password; one in clear is warned of.
	URLs []string `json:"url,omitempty"`
	// MasterName makes the addresses those of sentinels.
	MasterName string `json:"master_name,omitempty"`
	// Cluster makes the addresses those of a cluster's nodes.
	Cluster bool `json:"cluster,omitempty"`
	// Username is the ACL user, if the addresses name none.
	Username string `json:"username,omitempty"`
	// Password is the password, if the addresses hold none.
	Password string `json:"password,omitempty"`
	// KeyPrefix begins every key. Default `checkout:` for a cache, `checkout-ledger:` for a ledger.
	KeyPrefix string `json:"key_prefix,omitempty"`
	// Timeout is the most that one operation of Redis may take, connecting included; a click needs
	// one to five. After five slow ones in a row Redis is left alone, but for one try per second.
	// Default 50ms.
	Timeout caddy.Duration `json:"timeout,omitempty"`
}

// RedisCache keeps links in Redis or Valkey, shared by every Caddy that uses the same server,
// prefix and access secret. Values are sealed: Redis holds no address, phone number or link in
// clear. When Redis is slow or down, links are made anew; no checkout fails for it.
type RedisCache struct {
	RedisServer
	// TTL is how long a link is given out, from the start of the API call that made it. Default 5m,
	// at most 55m.
	TTL caddy.Duration `json:"ttl,omitempty"`

	resolved rediscache.Config
}

// CaddyModule returns the Caddy module information.
func (*RedisCache) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "checkout.caches.redis",
		New: func() caddy.Module { return new(RedisCache) },
	}
}

// Provision fills in placeholders. It connects to nothing.
func (c *RedisCache) Provision(ctx caddy.Context) (err error) {
	if c.resolved, err = c.RedisServer.resolve(ctx.Logger()); err != nil {
		return err
	}
	return checkTTL(time.Duration(c.TTL))
}

// resolve fills in placeholders.
func (c *RedisServer) resolve(log *zap.Logger) (out rediscache.Config, err error) {
	if err := c.check(); err != nil {
		return out, err
	}
	out = rediscache.Config{Cluster: c.Cluster, Timeout: time.Duration(c.Timeout)}
	if out.URLs, err = placeholder.Addresses("url", c.URLs, log); err != nil {
		return out, err
	}
	if c.Password != "" {
		if out.Password, err = placeholder.Secret("password", c.Password, log); err != nil {
			return out, err
		}
	}
	for _, s := range []struct {
		option, text string
		to           *string
	}{
		{"master_name", c.MasterName, &out.MasterName},
		{"username", c.Username, &out.Username},
		{"key_prefix", c.KeyPrefix, &out.KeyPrefix},
	} {
		if *s.to, err = placeholder.Value(s.option, s.text); err != nil {
			return out, err
		}
	}
	return out, nil
}

// check refuses addresses that do not say what they are.
func (c *RedisServer) check() error {
	return rediscache.Config{URLs: c.URLs, Cluster: c.Cluster, MasterName: c.MasterName}.Check()
}

// LinkTTL is how long a link is given out.
func (c *RedisCache) LinkTTL() time.Duration { return time.Duration(c.TTL) }

// OpenCache returns the client for these settings. Configurations with equal settings share one; a
// changed address means a new client beside the old one until the old configuration is gone.
func (c *RedisCache) OpenCache(secret []byte) (Cache, func() error, error) {
	cfg := c.resolved
	cfg.Secret = secret
	key, err := redisKey(cfg)
	if err != nil {
		return nil, nil, err
	}
	silenceRedis()
	v, _, err := redisCaches.LoadOrNew(key, func() (caddy.Destructor, error) {
		cache, err := rediscache.New(cfg)
		return pooledRedis{cache}, err
	})
	if err != nil {
		return nil, nil, block.Locate("url", c.URLs[0], err)
	}
	return v.(pooledRedis).Cache, func() error {
		_, err := redisCaches.Delete(key)
		return err
	}, nil
}

// silenceRedis keeps go-redis from writing to standard error beside Caddy's log, where addresses
// would stand. It has one logger for the process, so this is the one place that switches it.
var silenceRedis = sync.OnceFunc(logging.Disable)

// redisKey names a client in the pool by all that it was made of, hashed: secrets do not stand in
// keys.
func redisKey(cfg rediscache.Config) (string, error) {
	text, err := json.Marshal(struct {
		URLs                   []string
		Master, User, Password string
		Cluster                bool
		Prefix                 string
		Timeout                time.Duration
		Secret                 []byte
	}{cfg.URLs, cfg.MasterName, cfg.Username, cfg.Password, cfg.Cluster, cfg.KeyPrefix, cfg.Timeout, cfg.Secret})
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:]), nil
}

// redisCaches outlives configurations.
var redisCaches = caddy.NewUsagePool()

type pooledRedis struct{ *rediscache.Cache }

func (p pooledRedis) Destruct() error { return p.Close() }

// Interface guards
var (
	_ caddy.Provisioner = (*RedisCache)(nil)
	_ CacheOpener       = (*RedisCache)(nil)
)
