package redisclient

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// dialTimeout bounds one attempt to connect. It may be longer than Config.Timeout, for nobody waits
// for it.
const dialTimeout = 5 * time.Second

// Check refuses addresses that do not say what they are. It reads URLs, Cluster and MasterName, and
// asks only whether they are there, so their texts may still be placeholders.
func (c Config) Check() error {
	switch {
	case len(c.URLs) == 0:
		return errors.New("url is missing: write `url redis://localhost:6379`")
	case c.Cluster && c.MasterName != "":
		return errors.New("cluster and master_name exclude each other: " +
			"the addresses are either a cluster's nodes or sentinels")
	case len(c.URLs) > 1 && !c.Cluster && c.MasterName == "":
		return errors.New("several addresses need `cluster`, or `master_name <name>` for sentinels")
	}
	return nil
}

// clientOptions checks the addresses, fills in the defaults of cfg, and says how go-redis is to
// behave. No error repeats an address: it may hold a password.
func clientOptions(cfg *Config) (*redis.UniversalOptions, error) {
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	if cfg.Username != "" && cfg.Password == "" {
		return nil, errors.New("redis: username without a password; write both")
	}
	switch {
	case cfg.Timeout < 0:
		return nil, errors.New("redis: timeout is negative; write something like 50ms")
	case cfg.Timeout == 0:
		cfg.Timeout = DefaultTimeout
	case cfg.Timeout < time.Millisecond, cfg.Timeout > MaxTimeout:
		return nil, fmt.Errorf("redis: timeout %v is out of range; write between 1ms and %v",
			cfg.Timeout, MaxTimeout)
	}
	addresses, common, err := parseAddresses(cfg)
	if err != nil {
		return nil, err
	}
	o := baseOptions(cfg)
	o.Addrs = addresses
	// User and password of the addresses go to sentinels and servers alike. Config.Username and
	// Config.Password override them for the servers alone.
	o.DB = common.db
	o.Username, o.Password = common.username, common.password
	if cfg.MasterName != "" {
		o.SentinelUsername, o.SentinelPassword = common.username, common.password
	}
	if cfg.Password != "" {
		o.Username, o.Password = cfg.Username, cfg.Password
	}
	o.Dialer = newDialer(tlsConfig(cfg.TLS, common.scheme), cfg.MaxReply)
	return o, nil
}

// baseOptions are what all kinds of client have in common: no retries, no messages that come
// unasked, and the context as the budget.
func baseOptions(cfg *Config) *redis.UniversalOptions {
	return &redis.UniversalOptions{
		MasterName:    cfg.MasterName,
		IsClusterMode: cfg.Cluster,

		// RESP2 has no messages that come unasked, so whatever is in an idle connection is a reply
		// too many, and go-redis closes the connection instead of taking it for the answer to the
		// next command.
		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},

		// The context's deadline is the budget. The time-outs below only bound work in the
		// background; they must not be as short as the budget, because go-redis counts them from a
		// clock that may be 50 ms behind.
		ContextTimeoutEnabled: true,
		ReadTimeout:           cfg.Timeout + time.Second,
		WriteTimeout:          cfg.Timeout + time.Second,
		PoolTimeout:           cfg.Timeout + time.Second,
		DialTimeout:           dialTimeout,
		DialerRetries:         1,
		MaxRetries:            -1,
		MinRetryBackoff:       -1, // between the redirections of a cluster
		MaxRedirects:          2,  // MOVED, then ASK
	}
}

// tlsConfig is nil for redis://. A given configuration is copied, since it is the caller's.
func tlsConfig(given *tls.Config, scheme string) *tls.Config {
	switch {
	case scheme != "rediss":
		return nil
	case given == nil:
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return given.Clone()
}

// common is what all addresses must agree in.
type common struct {
	// The scheme is redis or rediss; the others are empty if the address names none.
	scheme, username, password string
	db                         int
}

// parseAddresses reads Config.URLs. Its errors count the addresses from 1 and repeat none.
func parseAddresses(cfg *Config) (addresses []string, all common, err error) {
	// 6379 is the port of servers, 26379 that of sentinels.
	port := "6379"
	if cfg.MasterName != "" {
		port = "26379"
	}
	for i, text := range cfg.URLs {
		address, c, err := parseAddress(text, port)
		if err != nil {
			return nil, common{}, fmt.Errorf("redis: url %d: %w", i+1, err)
		}
		if i > 0 && c != all {
			return nil, common{}, fmt.Errorf("redis: url %d has another scheme, user, "+
				"password or database than the first; write the same in all", i+1)
		}
		all = c
		addresses = append(addresses, address)
	}
	if cfg.Cluster && all.db != 0 {
		return nil, common{}, errors.New("redis: a cluster has no numbered databases; " +
			"leave the number out of the urls")
	}
	return addresses, all, nil
}

// parseAddress reads one address; port is for one that names none.
func parseAddress(text, port string) (string, common, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Hostname() == "" ||
		u.Scheme != "redis" && u.Scheme != "rediss" {
		return "", common{}, errors.New("not an address; write redis://user:password@host:6379/0, " +
			"or rediss:// for TLS, and percent-encode what is special in the password")
	}
	// The URLs of go-redis carry options in a query. Here they are in Config, each with its check.
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", common{}, errors.New("there is something behind the database number; " +
			"remove it (a ? or # in the password is written %3F or %23)")
	}
	c := common{scheme: u.Scheme, username: u.User.Username()}
	c.password, _ = u.User.Password()
	if c.username != "" && c.password == "" {
		return "", common{}, errors.New("user without a password; " +
			"write redis://user:password@host, or redis://:password@host for a password alone")
	}
	// The path is the number of a database: /0, or nothing for the same.
	if db := strings.TrimPrefix(u.Path, "/"); db != "" {
		n, err := strconv.ParseUint(db, 10, 16)
		if err != nil {
			return "", common{}, errors.New("the database is not a number; " +
				"write something like redis://host:6379/0")
		}
		c.db = int(n)
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return "", common{}, errors.New("the port is not between 1 and 65535")
		}
		port = p
	}
	return net.JoinHostPort(u.Hostname(), port), c, nil
}

// maxPrefix is the longest prefix of keys, in bytes.
const maxPrefix = 64

// CheckPrefix refuses a prefix of keys that would break the hash tag or the pattern of an ACL.
// Example is one that is right, for the error.
func CheckPrefix(prefix, example string) error {
	if len(prefix) > maxPrefix {
		return fmt.Errorf("redis: key_prefix has %d characters; write at most %d",
			len(prefix), maxPrefix)
	}
	for _, b := range []byte(prefix) {
		if b <= ' ' || b > '~' || b == '{' || b == '}' {
			return fmt.Errorf("redis: key_prefix holds a blank, a brace or a character that is "+
				"not ASCII; write something like %s", example)
		}
	}
	return nil
}
