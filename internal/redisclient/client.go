// Package redisclient is how the module's packages reach Redis or Valkey: one server, sentinels or
// a cluster, from the same addresses, with a budget of time for every operation and a circuit
// breaker for every node.
//
//	client, err := redisclient.New(redisclient.Config{URLs: urls, Cluster: true})
//	err = client.Do(ctx, "get", func(ctx context.Context) error {
//		value, err = client.Redis.Get(ctx, key).Result()
//		return err
//	})
//
// # When a node fails
//
// After five failures in a row a node's breaker answers at once, and lets one operation through per
// second to see whether the node is back. Other nodes of a cluster are not held back by it. Each
// failure of a node makes the client ask for the cluster's slots again, in the background, so that
// it finds a replica that was promoted. Outside a cluster nothing is retried; inside one, an
// operation follows at most two redirections within its budget.
package redisclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config says where Redis is, and how long it may take.
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
	// Timeout bounds every operation. Default 50 ms, at most 5 s. It should be several times the
	// way to Redis and back: the first operation of a connection takes up to three.
	Timeout time.Duration
	// MaxReply is the longest text that a reply may hold, in bytes: what announces more is taken for
	// a lie. Default 65 KiB.
	MaxReply int
}

// The bounds of Config.Timeout.
const (
	DefaultTimeout = 50 * time.Millisecond
	MaxTimeout     = 5 * time.Second
)

// Client is a connection to Redis that costs no more time than it was given. It is safe for
// concurrent use.
type Client struct {
	// Redis runs commands and pipelines. Use it inside Do or Insist, with the context given there:
	// outside of them a command has no budget.
	Redis   redis.UniversalClient
	timeout time.Duration
	// closed makes operations end at once with an error of kind "closed".
	closed atomic.Bool
}

// New checks cfg and makes a Client. It makes no network connection: an unreachable Redis shows in
// the first operation. No error repeats an address, which may hold a password.
func New(cfg Config) (*Client, error) {
	options, err := clientOptions(&cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{Redis: redis.NewUniversalClient(options), timeout: cfg.Timeout}
	switch client := c.Redis.(type) {
	case *redis.ClusterClient:
		reload := func() { client.ReloadState(context.Background()) }
		client.OnNewNode(func(node *redis.Client) { node.AddHook(newNode(cfg.Timeout, reload)) })
	default:
		// A single server, or whichever the sentinels say is the master.
		client.AddHook(newNode(cfg.Timeout, func() {}))
	}
	return c, nil
}

// Timeout is what one operation may take.
func (c *Client) Timeout() time.Duration { return c.timeout }

// Do runs one operation within the time budget. Where the breaker of a node that it needs is open,
// the operation fails at once. Its errors are *Error, with op as their operation.
func (c *Client) Do(ctx context.Context, op string, f func(context.Context) error) error {
	return c.run(ctx, op, false, f)
}

// Insist is Do, whatever the breakers say: for what is rare and matters more than the time that is
// lost.
func (c *Client) Insist(ctx context.Context, op string, f func(context.Context) error) error {
	return c.run(ctx, op, true, f)
}

func (c *Client) run(
	ctx context.Context, op string, insists bool, f func(context.Context) error,
) (err error) {
	if c.closed.Load() {
		return Wrap(op, errClosed)
	}
	// The budget is ours; the caller's own deadline may be earlier.
	inner, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	inner = context.WithValue(inner, operationKey{}, &operation{caller: ctx, insists: insists})
	// A panic in go-redis costs one operation, not the server.
	defer func() {
		if v := recover(); v != nil {
			err = Wrap(op, fmt.Errorf("%w: %v", errPanic, v))
		}
	}()
	err = f(inner)
	if err != nil && ctx.Err() != nil {
		return &Error{Op: op, Kind: KindCanceled, cause: ctx.Err()} // not Redis's fault
	}
	return Wrap(op, err)
}

// Close closes the connections. What a closed Client is asked for is an error, never a panic.
func (c *Client) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	if err := c.Redis.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		return Wrap("close", err)
	}
	return nil
}
