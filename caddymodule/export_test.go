package caddymodule

import "github.com/caddyserver/caddy/v2"

// PoolsInUse counts what configurations hold beyond their own life, for tests that look for leaks.
func PoolsInUse() (n int) {
	for _, pool := range []*caddy.UsagePool{memoryCaches, redisCaches, states, remoteKeys} {
		pool.Range(func(_, _ any) bool { n++; return true })
	}
	return n
}

// LiveApps counts the apps that the admin API could ask.
func LiveApps() int {
	liveApps.mu.Lock()
	defer liveApps.mu.Unlock()
	return len(liveApps.list)
}
