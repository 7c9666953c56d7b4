// Package rediscache is the cache of a fleet: several servers that share their links, what they
// forgot, their rate and their pauses, through one Redis or Valkey. It is a linkgen.Cache.
//
//	cache, err := rediscache.New(rediscache.Config{
//		URLs:   []string{"rediss://shop:password@redis.example.com"},
//		Secret: secret, // the same on every node
//	})
//	generator, err := linkgen.New(linkgen.Config{Cache: cache, …})
//
// # What is stored
//
// A key is a prefix and HMACs. A value is sealed with AES-256-GCM under a key that is derived from
// Config.Secret and from the name of the value, and its name goes into the seal. So Redis holds no
// e-mail, phone, link or secret in clear, and a value that was copied to another name, cut off,
// written by somebody else or sealed under another secret does not open: that is a miss, an error
// of kind "corrupt", and the value is deleted. Every key has a time to live.
//
// # Forgetting
//
// Each subscriber has an epoch, 128 random bits, and each link carries the epoch it was made under.
// A link whose epoch is not the current one is dead. Forgetting a subscriber deletes their epoch,
// one small write however many links there are, and the next Get makes a new one. If Redis evicts
// an epoch the same happens, so eviction costs calls to the API but never brings a forgotten link
// back. All keys of a subscriber share a hash tag and therefore a node of a cluster; Get reads
// epoch and link in one round trip.
//
// There is no layer of memory in front of Redis: it could give out links that another node has
// forgotten.
//
// # When Redis fails
//
// Every operation ends within Config.Timeout, waiting for a connection included; connecting itself
// goes on in the background, for the operations that follow. After five failures in a row a circuit
// breaker answers at once and lets one operation through per second to see whether Redis is back;
// only Forget always tries. In a cluster each node has a breaker of its own, and after each failure
// the slots are asked for again: a dead master costs its own slots only, until its replica has been
// promoted. An error means: go on as if nothing were cached. Errors name the operation and a Kind,
// and nothing that was stored.
//
// # Shared limits
//
// TakeTurn, GiveTurnBack, Once, Remember and Recall are a pacer, by which the nodes of a fleet keep
// to one rate and pause together. A rate is one number and cannot be sealed: who can write to Redis
// can hold calls back, or let each node make as many as it alone may.
//
// # What is not promised
//
// Redis replicates and saves later than it answers. A failover, or a restart from an old dump, may
// lose the last moment's forgetting, and a link may live again until its time to live ends. A cache
// needs no persistence; without it a restart forgets everything, which is safe. Who can write to
// Redis can undo a forgetting in the same way, but can neither read a link nor make one be given to
// somebody else. Two nodes that are asked for the same link at the same instant may both make one:
// there is no lock, because a spare link is harmless and dies by itself.
//
// An ACL user needs ~checkout:* (or the prefix) and the commands hello auth select ping set
// getrange pexpire del; in a cluster also cluster|slots and command; for a shared rate also evalsha
// eval time get.
//
// The package does not log, but go-redis writes to standard error what it notes about sentinels and
// clusters, addresses included. It has one logger for the whole process and none per client, so
// that is for the program to decide: logging.Disable or redis.SetLogger of go-redis.
package rediscache

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/linkgen"
)

// Config configures a Cache.
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
	// KeyPrefix begins every key. Default "checkout:".
	KeyPrefix string
	// Timeout bounds every operation. Default 50 ms, at most 5 s. It should be several times the
	// way to Redis and back: the first operation of a connection takes up to three.
	Timeout time.Duration
	// Secret seals the values: at least 16 bytes. Nodes with another secret cannot read them.
	Secret []byte
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// The defaults and bounds of a Config, in bytes. Those of the client are in redisclient.
const (
	defaultPrefix = "checkout:"
	minSecret     = 16
)

// Cache is a linkgen.Cache in Redis or Valkey, shared by a fleet. It is safe for concurrent use.
// Its errors are *Error.
type Cache struct {
	// client holds the connections, and bounds what an operation may cost.
	client *redisclient.Client
	// now is the clock for the age of links. Redis's own only ends what nobody needs any more.
	now func() time.Time
	// prefix begins each key.
	prefix  string
	nameKey []byte // for HMACs in the names of keys
	sealKey []byte // from which each value's own key is derived
}

var _ linkgen.Cache = (*Cache)(nil)

// New checks cfg and makes a Cache. It makes no network connection: an unreachable Redis shows in
// the first operation.
func New(cfg Config) (*Cache, error) {
	if cfg.KeyPrefix == "" {
		cfg.KeyPrefix = defaultPrefix
	}
	if err := redisclient.CheckPrefix(cfg.KeyPrefix, defaultPrefix); err != nil {
		return nil, err
	}
	if len(cfg.Secret) < minSecret {
		return nil, fmt.Errorf("redis: secret has %d bytes; it needs at least %d",
			len(cfg.Secret), minSecret)
	}
	c := &Cache{now: cfg.Now, prefix: cfg.KeyPrefix}
	if c.now == nil {
		c.now = time.Now
	}
	for use, key := range map[string]*[]byte{"names": &c.nameKey, "seals": &c.sealKey} {
		derived, err := hkdf.Key(sha256.New, cfg.Secret, nil, "checkout rediscache "+use, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("redis: deriving a key: %w", err)
		}
		*key = derived
	}
	client, err := redisclient.New(cfg.client())
	if err != nil {
		return nil, err
	}
	c.client = client
	return c, nil
}

// client is the part of a Config that says where Redis is.
func (c Config) client() redisclient.Config {
	return redisclient.Config{
		URLs: c.URLs, MasterName: c.MasterName, Cluster: c.Cluster,
		Username: c.Username, Password: c.Password, TLS: c.TLS, Timeout: c.Timeout,
	}
}

// Check refuses addresses that do not say what they are. It reads URLs, Cluster and MasterName, and
// asks only whether they are there, so their texts may still be placeholders.
func (c Config) Check() error { return c.client().Check() }

// Close closes the connections. A closed cache is a miss with an error, never a panic.
func (c *Cache) Close() error { return c.client.Close() }

// Error is a failed operation: get, set, forget, once, remember, recall, rate or close. Its text
// names the operation and the kind of failure and nothing else: what a server answers may repeat
// keys and values, and what a connection says may repeat addresses.
type Error = redisclient.Error

// Kind is the kind of failure for a metric: canceled, timeout, connection, open, closed, auth,
// full, readonly, loading, cluster, protocol, corrupt, too_long, panic or other. It is empty for
// nil.
func Kind(err error) string { return redisclient.Kind(err) }
