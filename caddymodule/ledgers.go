package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgerlife"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/internal/redisclient"
	"github.com/caddy-checkout/checkout/ledger"
	"github.com/caddy-checkout/checkout/ledger/filestore"
	"github.com/caddy-checkout/checkout/ledger/memorystore"
	"github.com/caddy-checkout/checkout/ledger/redisstore"
)

// ledgerGuest is what a guest module in `checkout.ledgers` implements.
type ledgerGuest interface {
	// source says where the store comes from, and settings what all kinds have in common.
	source(log *zap.Logger) (ledgerlife.Source, error)
	settings() LedgerSettings
}

// LedgerSettings are what every kind of ledger may be told.
type LedgerSettings struct {
	// Keep is how long facts are kept: payments, subscriptions, events, exposures. Sums by day stay.
	// Default 400d. A running subscription's state, and the attribution of one that still renews,
	// outlive it.
	Keep caddy.Duration `json:"keep,omitempty"`
	// Secret seals what is kept and proves attributions. Repeat it to change it: the first one
	// writes, all of them read. Default: the access secret of the default, else the first project.
	// When that one is changed, write the old one here as well, as the last: subscribers are known by
	// hashes under it. Danger: a ledger whose secrets are all lost cannot be read any more.
	Secret []string `json:"secret,omitempty"`
}

func (s LedgerSettings) settings() LedgerSettings { return s }

// FileLedger keeps the ledger in one file, for one Caddy. What was answered with success is in the
// file, synced to the disk, whatever happens next.
type FileLedger struct {
	// Path is the file; its folder is made if it is missing. Default: `checkout/ledger.db` in
	// Caddy's data folder. Two Caddys of one user need two paths.
	Path string `json:"path,omitempty"`
	// MaxSize bounds the pages in use, such as `4GiB`. At four fifths of it the log warns; beyond
	// it no exposures are written any more. Payments are written in any case. Default: no bound.
	MaxSize int64 `json:"max_size,omitempty"`
	LedgerSettings
}

// CaddyModule returns the Caddy module information.
func (*FileLedger) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "checkout.ledgers.file",
		New: func() caddy.Module { return new(FileLedger) },
	}
}

// source is the file. It is found by device and inode, however its path is spelled.
func (l *FileLedger) source(*zap.Logger) (ledgerlife.Source, error) {
	path, err := placeholder.Value("ledger file", l.Path)
	if err != nil {
		return ledgerlife.Source{}, err
	}
	if path == "" {
		path = filepath.Join(caddy.AppDataDir(), "checkout", "ledger.db")
	}
	return ledgerlife.Source{
		Key: func() string {
			id, err := filestore.Identify(path)
			if err != nil {
				return ""
			}
			return fmt.Sprint("file ", id)
		},
		Open: func(again bool) (ledger.Store, error) {
			return filestore.Open(filestore.Config{
				Path: path, MaxSize: l.MaxSize, MustExist: again,
			})
		},
		Serves: func(store ledger.Store) { store.(*filestore.Store).SetMaxSize(l.MaxSize) },
		Alone:  true,
	}, nil
}

// MemoryLedger keeps the ledger in this process, for trying out. What is in it dies with Caddy.
type MemoryLedger struct{ LedgerSettings }

// CaddyModule returns the Caddy module information.
func (*MemoryLedger) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "checkout.ledgers.memory",
		New: func() caddy.Module { return new(MemoryLedger) },
	}
}

func (l *MemoryLedger) source(*zap.Logger) (ledgerlife.Source, error) {
	return ledgerlife.Source{
		Key:   func() string { return "memory" },
		Open:  func(bool) (ledger.Store, error) { return memorystore.New(nil), nil },
		Alone: true,
	}, nil
}

// RedisLedger keeps the ledger in Redis or Valkey, for every Caddy that uses the same server and
// prefix. It is as durable as that Redis: use `appendonly yes`, and `maxmemory-policy noeviction`.
type RedisLedger struct {
	RedisServer
	LedgerSettings

	ofCache bool // the server is the one of the cache, which warned of its passwords
}

// CaddyModule returns the Caddy module information.
func (*RedisLedger) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "checkout.ledgers.redis",
		New: func() caddy.Module { return new(RedisLedger) },
	}
}

func (l *RedisLedger) source(log *zap.Logger) (ledgerlife.Source, error) {
	if l.ofCache {
		log = zap.NewNop()
	}
	server, err := l.RedisServer.resolve(log)
	if err != nil {
		return ledgerlife.Source{}, err
	}
	cfg := redisstore.Config{
		URLs: server.URLs, MasterName: server.MasterName, Cluster: server.Cluster,
		Username: server.Username, Password: server.Password,
		KeyPrefix: server.KeyPrefix, Timeout: server.Timeout,
	}
	key, err := redisKey(server)
	if err != nil {
		return ledgerlife.Source{}, err
	}
	silenceRedis()
	return ledgerlife.Source{
		Key:  func() string { return "redis " + key },
		Open: func(bool) (ledger.Store, error) { return redisstore.Open(cfg) },
		Away: func(err error) bool {
			_, ok := errors.AsType[*redisclient.Error](err)
			return ok
		},
	}, nil
}

// newLedger reads the configuration of the ledger, and gives the services their ledger and secrets.
// It shares one that is open in this process and opens none. access is the access secret. The keys
// are the secrets under which subscribers may be known: the access secret, and after it those of the
// ledger, of which an older access secret is one.
func newLedger(
	ctx caddy.Context, to *services, configured, cache any, access []byte,
) (keys [][]byte, err error) {
	guest, err := chooseLedger(configured, cache)
	if err != nil {
		return nil, err
	}
	source, err := guest.source(ctx.Logger())
	if err != nil {
		return nil, err
	}
	settings := guest.settings()
	if keys, err = settings.secrets(ctx.Logger(), access); err != nil {
		return nil, err
	}
	secrets, err := ledger.NewSecrets(keys...)
	if err != nil {
		return nil, err
	}
	handle := ledgerlife.New(ledgerlife.Config{
		Source: source,
		Ledger: ledger.Config{
			Secrets: secrets, Keep: time.Duration(settings.Keep),
			Exposed: countExposure, Share: to.partners.Share,
			Failed: func(operation string, err error) {
				if operation == "expose" {
					to.exposed.Clear() // so that those who come again are counted
				}
				metrics.LedgerErrors.WithLabelValues(operation).Inc()
				to.failures.Error("the ledger failed", zap.String("operation", operation),
					zap.Error(err))
			},
		},
		Changed: func(err error) { tellLedger(ctx.Logger(), err) },
		Opened:  func(store ledger.Store) { warnAboutStore(ctx, store) },
		Nearly: func() {
			ctx.Logger().Warn("the ledger has reached four fifths of max_size: raise it, or lower " +
				"keep; beyond max_size no exposures are written any more")
		},
	})
	if err := handle.Share(); err != nil {
		return nil, err
	}
	to.ledger, to.secrets = handle, secrets
	own := slices.DeleteFunc(keys, func(key []byte) bool { return bytes.Equal(key, access) })
	return append([][]byte{access}, own...), nil
}

// openLedger opens the ledger. At process start Caddy comes up without one that cannot be opened; a
// reload is refused then, if the configuration before it had one open. A Redis that does not answer
// refuses none: it may be back before the reload is corrected.
func openLedger(l, running *ledgerlife.Handle) error {
	err := l.Open()
	if err != nil && !l.Away(err) && running != nil && running.IsOpen() {
		return fmt.Errorf("ledger: %w", err)
	}
	l.Run()
	return nil
}

// beginRuns tells the ledger which experiments run from now on, also one that is opened later.
func beginRuns(handle *ledgerlife.Handle, runs []ledger.Run) {
	now := time.Now()
	handle.Begin(func(ctx context.Context, l *ledger.Ledger) error {
		return l.Begin(ctx, runs, now)
	})
}

// chooseLedger is the configured guest module. Without one, a cache in Redis means a ledger there,
// and any other a file.
func chooseLedger(configured, cache any) (ledgerGuest, error) {
	if configured == nil {
		if cache, ok := cache.(*RedisCache); ok {
			server := cache.RedisServer
			if server.KeyPrefix != "" { // sites that share a Redis stay apart
				server.KeyPrefix += "ledger:"
			}
			return &RedisLedger{RedisServer: server, ofCache: true}, nil
		}
		return new(FileLedger), nil
	}
	known, ok := configured.(ledgerGuest)
	if !ok {
		return nil, fmt.Errorf("module %T is not a ledger", configured)
	}
	return known, nil
}

// secrets are the configured ones, else the access secret.
func (s LedgerSettings) secrets(log *zap.Logger, access []byte) (texts [][]byte, err error) {
	if s.Keep < 0 {
		return nil, fmt.Errorf("keep: %s is negative: write a duration such as 400d",
			time.Duration(s.Keep))
	}
	if len(s.Secret) == 0 {
		return [][]byte{access}, nil
	}
	for _, text := range s.Secret {
		secret, err := placeholder.Secret("secret", text, log)
		if err != nil {
			return nil, err
		}
		if len(secret) < minLedgerSecret {
			return nil, fmt.Errorf("secret: it has %d characters and can be guessed: use at "+
				"least %d, such as those of `openssl rand -hex 32`", len(secret), minLedgerSecret)
		}
		texts = append(texts, []byte(secret))
	}
	return texts, nil
}

// minLedgerSecret is the shortest secret that cannot be guessed.
const minLedgerSecret = 16

// tellLedger tells metrics and log when the ledger was opened, or that it cannot be.
func tellLedger(log *zap.Logger, err error) {
	if err != nil {
		metrics.LedgerErrors.WithLabelValues("open").Inc()
		log.Error("the ledger cannot be used: webhooks and events are answered with 503, clicks "+
			"go on without what it knows; it is tried again every 10 s", zap.Error(err))
		return
	}
	log.Info("the ledger is open")
}

// warnAboutStore warns of a Redis that may lose what it was told.
func warnAboutStore(ctx caddy.Context, store ledger.Store) {
	redis, ok := store.(*redisstore.Store)
	if !ok {
		return
	}
	warnings, err := redis.Durability(ctx)
	if err != nil {
		return // not every Redis may be asked
	}
	for _, warning := range warnings {
		ctx.Logger().Warn("the ledger's Redis may lose payments: " + warning)
	}
}

// ledgerBytes reads the sizes of the files that are open.
var ledgerBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
	Name: "caddy_checkout_ledger_bytes",
	Help: "Bytes of the ledger file's pages in use.",
}, func() (n float64) {
	ledgerlife.Each(func(store ledger.Store) {
		if file, ok := store.(*filestore.Store); ok {
			n += float64(file.Size())
		}
	})
	return n
})

// countExposure counts a person who met an experiment for the first time.
func countExposure(e ledger.Exposure) {
	metrics.Exposures.WithLabelValues(e.Run.Experiment, e.Variant, e.At).Inc()
}

// Interface guards
var (
	_ ledgerGuest = (*FileLedger)(nil)
	_ ledgerGuest = (*MemoryLedger)(nil)
	_ ledgerGuest = (*RedisLedger)(nil)
)
