package rediscache

import (
	"strings"
	"testing"
	"time"
)

func TestConfigErrorsNameTheWordAndTheMend(t *testing.T) {
	good := []string{"redis://localhost"}
	tests := []struct {
		name string
		cfg  Config
		says []string
	}{
		{"no url", Config{}, []string{"url redis://"}},
		{"empty", Config{URLs: []string{""}}, []string{"url 1", "redis://"}},
		{"no scheme", Config{URLs: []string{"localhost:6379"}}, []string{"url 1", "redis://"}},
		{"another scheme", Config{URLs: []string{"https://localhost"}}, []string{"url 1", "redis://"}},
		{"no host", Config{URLs: []string{"redis://:6379"}}, []string{"url 1"}},
		{"not a url", Config{URLs: []string{"redis://user:hush%zz@localhost"}}, []string{"url 1", "percent-encode"}},
		{"a blank", Config{URLs: []string{"redis://user:hush hush@local host"}}, []string{"url 1"}},
		{"no port", Config{URLs: []string{"redis://localhost:99999"}}, []string{"url 1", "65535"}},
		{"port zero", Config{URLs: []string{"redis://localhost:0"}}, []string{"url 1", "65535"}},
		{"a query", Config{URLs: []string{"redis://localhost/0?dial_timeout=1h"}}, []string{"url 1", "behind the database"}},
		{"a bare question mark", Config{URLs: []string{"redis://localhost/0?"}}, []string{"url 1", "behind the database"}},
		{"a fragment", Config{URLs: []string{"redis://localhost/0#hush"}}, []string{"url 1", "%23"}},
		{"a database by name", Config{URLs: []string{"redis://localhost/hush"}}, []string{"url 1", "not a number"}},
		{"a negative database", Config{URLs: []string{"redis://localhost/-1"}}, []string{"url 1", "not a number"}},
		{"user without password", Config{URLs: []string{"redis://hush@localhost"}}, []string{"url 1", "redis://:password@host"}},
		{"username without password", Config{URLs: good, Username: "hush"}, []string{"username", "write both"}},
		{"two urls", Config{URLs: []string{"redis://a", "redis://b"}}, []string{"master_name", "cluster"}},
		{"two kinds", Config{URLs: good, MasterName: "m", Cluster: true}, []string{"master_name", "cluster"}},
		{"two schemes", Config{URLs: []string{"redis://a", "rediss://b"}, Cluster: true}, []string{"url 2", "the same in all"}},
		{"two passwords", Config{URLs: []string{"redis://:hush@a", "redis://:hushhush@b"}, Cluster: true}, []string{"url 2", "the same in all"}},
		{"a cluster with a database", Config{URLs: []string{"redis://a/3"}, Cluster: true}, []string{"cluster", "leave the number out"}},
		{"negative timeout", Config{URLs: good, Timeout: -1}, []string{"timeout", "50ms"}},
		{"tiny timeout", Config{URLs: good, Timeout: time.Microsecond}, []string{"timeout", "1ms"}},
		{"huge timeout", Config{URLs: good, Timeout: time.Minute}, []string{"timeout", "5s"}},
		{"prefix with a brace", Config{URLs: good, KeyPrefix: "a{b"}, []string{"key_prefix", "checkout:"}},
		{"prefix with a blank", Config{URLs: good, KeyPrefix: "a b"}, []string{"key_prefix", "checkout:"}},
		{"prefix that is not ASCII", Config{URLs: good, KeyPrefix: "é"}, []string{"key_prefix", "checkout:"}},
		{"prefix without end", Config{URLs: good, KeyPrefix: strings.Repeat("x", 65)}, []string{"key_prefix", "64"}},
		{"no secret", Config{URLs: good}, []string{"secret", "16"}},
		{"short secret", Config{URLs: good, Secret: []byte("hush")}, []string{"secret", "16"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.HasSuffix(tt.name, "secret") {
				tt.cfg.Secret = secret
			}
			c, err := New(tt.cfg)
			if err == nil {
				c.Close()
				t.Fatal("no error")
			}
			for _, words := range tt.says {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q does not say %q", err, words)
				}
			}
			if strings.Contains(err.Error(), "hush") || !strings.HasPrefix(err.Error(), "redis: ") {
				t.Errorf("%q", err)
			}
		})
	}
}
