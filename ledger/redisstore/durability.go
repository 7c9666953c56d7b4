package redisstore

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/redisclient"
)

// Durability asks the servers whether what they are told survives, and returns a sentence for each
// setting that speaks against it, for the operator. In a cluster every master is asked, and a
// sentence that several of them give stands once. A server that does not let itself be asked, as
// most of those that are rented, gives none: then it is for its operator to know.
func (s *Store) Durability(ctx context.Context) (warnings []string, err error) {
	masters, _, err := s.masters(ctx)
	if err != nil {
		return nil, err
	}
	// A cluster is as durable as the least of its masters: each holds a part of the ledger alone.
	for _, master := range masters {
		err := s.steps.Insist(ctx, "durability", func(ctx context.Context) error {
			settings, err := settings(ctx, master)
			for _, warning := range risks(settings) {
				if !slices.Contains(warnings, warning) {
					warnings = append(warnings, warning)
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return warnings, nil
}

// settings asks one server for what decides. What it does not tell is missing. One at a time,
// because a server before Redis 7 takes one name only.
func settings(ctx context.Context, master *redis.Client) (map[string]string, error) {
	told := map[string]string{}
	for _, name := range []string{"appendonly", "save", "maxmemory-policy", "maxmemory"} {
		values, err := master.ConfigGet(ctx, name).Result()
		switch {
		case redis.HasErrorPrefix(err, "NOPERM"), redisclient.Kind(err) == redisclient.KindOther:
			// Forbidden by the ACL, or a command that this server does not know.
			return nil, nil
		case err != nil:
			return nil, err
		}
		if value, ok := values[name]; ok {
			told[name] = value
		}
	}
	return told, nil
}

// risks is pure: it says what speaks against keeping money in a server with these settings.
func risks(settings map[string]string) (warnings []string) {
	if settings["appendonly"] == "no" {
		// Without snapshots either, a restart is enough; with them it takes a crash.
		if settings["save"] == "" {
			warnings = append(warnings, "redis keeps the ledger in memory only (appendonly no): "+
				"a restart of Redis loses all of it; set `appendonly yes`")
		} else {
			warnings = append(warnings, "redis saves the ledger from time to time only "+
				"(appendonly no): a crash of Redis loses what came since; set `appendonly yes`")
		}
	}
	// A server that names no policy is not asked about it.
	policy, told := settings["maxmemory-policy"]
	if !told || policy == "noeviction" {
		return warnings
	}
	when := "when memory is full"
	if settings["maxmemory"] == "0" {
		when = "once maxmemory is set"
	}
	return append(warnings, "redis throws parts of the ledger away "+when+
		" (maxmemory-policy "+policy+"): set `maxmemory-policy noeviction`")
}
