package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options of the fleets that are measured.
const (
	inRedis = `cache redis {
			url redis://{$REDIS}
			timeout 5s
			ttl 55m
		}
		`
	fileBook  = "ledger file {$DIR}/ledger.db\n\t\t"
	redisBook = "ledger redis {\n\t\t\turl redis://{$REDIS}\n\t\t}\n\t\t"
)

func rateOf(n int) string {
	return fmt.Sprintf("limits {\n\t\t\trate %d/1s\n\t\t}\n\t\t", n)
}

// stand is a Caddy and a Redis, and an API that answers at once with long links.
type stand struct {
	zotlo *api
	redis *redisServer
	site  *server
	admin *redis.Client
}

func (l *lab) stand(ctx context.Context, s shop) (*stand, error) {
	bare, err := l.zotlo.link()
	if err != nil {
		return nil, err
	}
	w := new(stand)
	if w.redis, err = startRedis(ctx); err != nil {
		return nil, err
	}
	w.admin = redis.NewClient(&redis.Options{Addr: w.redis.addr})
	base := linkBase + "/" + strings.Repeat("x", max(linkLength-len(bare)-1, 1))
	if w.zotlo, err = openAPI(base, 1); err != nil {
		w.stop()
		return nil, err
	}
	w.site, err = l.startCaddy(ctx, s.text(), "API="+w.zotlo.url, "REDIS="+w.redis.addr)
	if err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

func (w *stand) stop() {
	if w.site != nil {
		w.site.stop()
	}
	if w.zotlo != nil {
		w.zotlo.close()
	}
	w.admin.Close()
	w.redis.stop()
}

// spend sends requests and adds what they cost under two names.
func (w *stand) spend(c *costs, client *client, n int, node, redis string) error {
	pids := [2]int{w.site.pid(), w.redis.cmd.Process.Pid}
	var used [2]time.Duration
	for i, pid := range pids {
		before, err := cpuTime(pid)
		if err != nil {
			return err
		}
		used[i] = before
	}
	if _, err := client.run(n); err != nil {
		return fmt.Errorf("%w\n%s", err, w.site.complaint())
	}
	for i, name := range []string{node, redis} {
		after, err := cpuTime(pids[i])
		if err != nil {
			return err
		}
		c.cpu[name] += after - used[i]
	}
	return nil
}

// usedMemory is what Redis has allocated.
func (w *stand) usedMemory(ctx context.Context) (int64, error) {
	return w.info(ctx, "memory", "used_memory")
}

// trips is how many times Redis has read from a connection: commands that are sent together count
// once.
func (w *stand) trips(ctx context.Context) (int64, error) {
	return w.info(ctx, "stats", "total_reads_processed")
}

// info is a number that Redis tells of itself.
func (w *stand) info(ctx context.Context, section, name string) (int64, error) {
	text, err := w.admin.Info(ctx, section).Result()
	if err != nil {
		return 0, err
	}
	_, value, _ := strings.Cut(text, "\r\n"+name+":")
	value, _, _ = strings.Cut(value, "\r\n")
	return strconv.ParseInt(value, 10, 64)
}

// unlink deletes what has a name like that, and waits until Redis has given its memory back.
func (w *stand) unlink(ctx context.Context, pattern string) error {
	for keys := w.admin.Scan(ctx, 0, pattern, 1000).Iterator(); ; {
		if !keys.Next(ctx) {
			return keys.Err()
		}
		if err := w.admin.Del(ctx, keys.Val()).Err(); err != nil {
			return err
		}
	}
}
