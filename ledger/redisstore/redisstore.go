// Package redisstore is the ledger's store of a fleet: several servers that write what happened
// into one Redis or Valkey, a single one, one behind sentinels, or a cluster. It is a ledger.Store.
//
//	store, err := redisstore.Open(redisstore.Config{
//		URLs: []string{"rediss://shop:password@redis.example.com"},
//	})
//
// # What is stored
//
// A document is a string under prefix, "doc:", kind and id; a row is a hash under "row:". Beside a
// row lies a sorted set, "once:", of what was added to it in the last days. The id stands in braces
// in every name, so that what belongs together shares a node of a cluster. Values come sealed from
// the ledger, and ids as keyed hashes: the store itself encrypts nothing.
//
// # What a step promises
//
// Do takes its steps directly, one after the other, because no transaction of Redis spans the nodes
// of a cluster. Each step is one command or one script, which Redis runs alone: it happens wholly
// or not at all, whatever others write. After a step has failed, those that follow in the same Do
// fail without being tried, so what has happened is always a beginning of the steps. A step whose
// answer was lost may have happened; nothing is retried by itself, and the caller repeats the whole
// Do, which Change and the once of Add make harmless.
//
// A step is as durable as its Redis. With `appendonly yes` and `appendfsync always` it is on disk
// when Do returns; with `everysec` a power cut may take the last second; without a log it is in
// memory only. Durability tells what a server says of itself. Replicas learn of a step after Do has
// returned (WAIT is not used, because it promises nothing about a failover either): a failover may
// lose the last moment, which reconciling brings back.
//
// # When Redis fails
//
// Reads outside of Do are those of clicks. They end within Config.Timeout, on connections of their
// own, and a breaker answers for a Redis that is gone. Steps end within Config.WriteTimeout and are
// always tried: a payment is rare, and matters more than the time that is lost. Errors name the
// operation and a kind, and nothing that was stored. Nothing is ever kept in memory instead.
//
// An ACL user needs ~checkout-ledger:* (or the prefix) and the commands hello auth select ping
// getrange get set del hgetall hget hset hlen hincrby hdel zadd zrangebyscore zrem expire time eval
// evalsha scan; in a cluster also cluster|slots and command; for Durability config|get.
//
// The package does not log; for what go-redis prints itself see package rediscache.
package redisstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/ledger"
)

// Config configures a Store. Addresses, user and password may be those of the cache: the ledger has
// its own prefix.
type Config struct {
	// URLs are redis:// or rediss:// addresses, with user, password and database number if need be:
	// one for a single server, several for sentinels (with MasterName) or a cluster (with Cluster).
	// They must agree in all but the host.
	URLs []string
	// MasterName is the sentinels' name of the master.
	MasterName string
	// Cluster says that URLs are nodes of a cluster.
	Cluster bool
	// Username and Password override those of the URLs. With MasterName they are the servers' only,
	// and the sentinels are asked with those of the URLs.
	Username, Password string
	// TLS is for rediss:// addresses. Nil means the system's certificate authorities and TLS 1.2 or
	// later.
	TLS *tls.Config
	// KeyPrefix begins every key. Default "checkout-ledger:".
	KeyPrefix string
	// Timeout bounds a read outside of Do, which a click waits for. Default 50 ms, at most 5 s.
	Timeout time.Duration
	// WriteTimeout bounds each step of Do, and each page of a scan. Default 2 s, at most 5 s, and
	// never less than Timeout.
	WriteTimeout time.Duration
	// Now is the clock that ends documents. Nil means time.Now.
	Now func() time.Time
}

// The defaults of a Config.
const (
	defaultPrefix       = "checkout-ledger:"
	defaultWriteTimeout = 2 * time.Second
)

// Store is a ledger.Store in Redis or Valkey. It is safe for concurrent use, by many processes too.
// Its errors are *redisclient.Error, except those that Do and the scans hand through.
type Store struct {
	// clicks is for what a shopper waits for, with the breakers; steps for what must not be lost.
	// They are two clients, so that a burst of webhooks takes no connection from a click, and a
	// click's short budget opens no breaker for a webhook.
	clicks, steps *redisclient.Client
	// prefix begins each key.
	prefix string
	// now is the clock that ends documents. Redis's own only drops what has ended.
	now func() time.Time
}

var _ ledger.Store = (*Store)(nil)

// Check refuses addresses that do not say what they are. It reads URLs, Cluster and MasterName, and
// asks only whether they are there, so their texts may still be placeholders.
func (c Config) Check() error { return c.client(0).Check() }

// client are the settings of one client.
func (c Config) client(timeout time.Duration) redisclient.Config {
	return redisclient.Config{
		URLs: c.URLs, MasterName: c.MasterName, Cluster: c.Cluster,
		Username: c.Username, Password: c.Password, TLS: c.TLS, Timeout: timeout,
		MaxReply: maxStored,
	}
}

// Open checks cfg and makes a Store. It makes no network connection: a Redis that cannot be reached
// shows in the first operation. No error repeats an address, which may hold a password.
func Open(cfg Config) (*Store, error) {
	if cfg.KeyPrefix == "" {
		cfg.KeyPrefix = defaultPrefix
	}
	if err := redisclient.CheckPrefix(cfg.KeyPrefix, defaultPrefix); err != nil {
		return nil, err
	}
	clicks, err := redisclient.New(cfg.client(cfg.Timeout))
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.WriteTimeout == 0:
		cfg.WriteTimeout = max(defaultWriteTimeout, clicks.Timeout())
	case cfg.WriteTimeout > 0:
		// A step never has less time than a click. A negative time is an error below.
		cfg.WriteTimeout = max(cfg.WriteTimeout, clicks.Timeout())
	}
	steps, err := redisclient.New(cfg.client(cfg.WriteTimeout))
	if err != nil {
		err = fmt.Errorf("redis: the time-out of writes: %w", err)
		return nil, errors.Join(err, clicks.Close())
	}
	s := &Store{clicks: clicks, steps: steps, prefix: cfg.KeyPrefix, now: cfg.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Kind is the kind of failure of a Store's error, for a metric: one of a closed set of words, as
// timeout, connection, open, closed, auth, full, readonly, corrupt or too_long. It is empty for
// nil.
func Kind(err error) string { return redisclient.Kind(err) }

// Close closes the connections. What comes later fails, and so may what runs at this moment.
func (s *Store) Close() error {
	return errors.Join(s.clicks.Close(), s.steps.Close())
}
