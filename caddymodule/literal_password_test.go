package caddymodule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLiteralRedisPasswordIsWarnedOf: it stood in the configuration in clear, as every other secret
// may not.
func TestLiteralRedisPasswordIsWarnedOf(t *testing.T) {
	const inClear, password = "a secret stands in the configuration in clear", "hunter2-in-clear"
	t.Setenv("REDIS_PASSWORD", "from-the-environment")
	t.Setenv("REDIS_HOST", "127.0.0.1:1")
	t.Setenv("REDIS_URL", "redis://:from-the-environment@127.0.0.1:1")
	user := filepath.Join(t.TempDir(), "user")
	if err := os.WriteFile(user, []byte("shop"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, lines, word string // no word: no warning
	}{
		{"password", "url redis://127.0.0.1:1\npassword " + password, "password"},
		{"in the url", "url redis://:" + password + "@127.0.0.1:1", "url"},
		{"beside a user", "url redis://shop:" + password + "@127.0.0.1:1/3", "url"},
		{"beside a placeholder", "url redis://shop:" + password + "@{env.REDIS_HOST}", "url"},
		{
			"in front of a slash in a placeholder",
			"url redis://{file." + user + "}:" + password + "@{env.REDIS_HOST}", "url",
		},
		{"with percent signs", "url redis://:" + password + "%21@127.0.0.1:1", "url"},
		{"in the second of two", "cluster\nurl rediss://:" + password + "@127.0.0.1:1\nurl rediss://:" +
			password + "@127.0.0.1:2", "url"},
		{"in clear after a user of a placeholder", "url redis://{env.REDIS_PASSWORD}:" + password +
			"@127.0.0.1:1", "url"},
		{"from the environment", "url redis://127.0.0.1:1\npassword {env.REDIS_PASSWORD}", ""},
		{"from the environment, in the url", "url redis://:{env.REDIS_PASSWORD}@127.0.0.1:1", ""},
		{"the whole url", "url {env.REDIS_URL}", ""},
		{"none", "url redis://127.0.0.1:1/2", ""},
		{"a port and an at sign are no password", "url redis://127.0.0.1:1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// The ledger is in the Redis of the cache, and one line is enough for both.
			for _, of := range []string{"cache", "ledger"} {
				option := "\t\t" + of + " redis {\n" + tt.lines + "\n\t\t}\n" + proCampaign
				o := openServer(t, serverWith(option, "checkout_link /u pro"))
				if tt.word == "" {
					o.warns(0, inClear)
				} else {
					o.warns(1, inClear, `"warn"`, `"word":"`+tt.word+`"`)
				}
				// Caddy's own DEBUG lines print no configuration either.
				if logged := o.logged(); strings.Contains(logged, password) {
					t.Error("the password stands in the log")
				}
				o.stop()
			}
		})
	}
}
