package rediscache

import (
	"crypto/tls"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
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

func TestAddresses(t *testing.T) {
	type want struct {
		addresses                                []string
		db                                       int
		user, password, sentinelUser, sentinelPW string
	}
	tests := map[string]struct {
		cfg  Config
		want want
	}{
		"a host":          {Config{URLs: []string{"redis://localhost"}}, want{addresses: []string{"localhost:6379"}}},
		"IPv6":            {Config{URLs: []string{"redis://[::1]:7000/"}}, want{addresses: []string{"[::1]:7000"}}},
		"everything":      {Config{URLs: []string{"rediss://shop:a%2Fb%3A@h:1/12"}}, want{addresses: []string{"h:1"}, db: 12, user: "shop", password: "a/b:"}},
		"a password":      {Config{URLs: []string{"redis://:pw@h"}}, want{addresses: []string{"h:6379"}, password: "pw"}},
		"overridden":      {Config{URLs: []string{"redis://a:b@h"}, Password: "pw"}, want{addresses: []string{"h:6379"}, password: "pw"}},
		"cluster":         {Config{URLs: []string{"redis://a:b@h", "redis://a:b@i:7"}, Cluster: true}, want{addresses: []string{"h:6379", "i:7"}, user: "a", password: "b"}},
		"sentinels":       {Config{URLs: []string{"redis://:pw@h", "redis://:pw@i"}, MasterName: "m"}, want{addresses: []string{"h:26379", "i:26379"}, password: "pw", sentinelPW: "pw"}},
		"sentinels apart": {Config{URLs: []string{"redis://:pw@h"}, MasterName: "m", Username: "shop", Password: "b"}, want{addresses: []string{"h:26379"}, user: "shop", password: "b", sentinelPW: "pw"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o, err := clientOptions(&tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			got := want{o.Addrs, o.DB, o.Username, o.Password, o.SentinelUsername, o.SentinelPassword}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestKindsOfClient(t *testing.T) {
	tests := map[string]struct {
		cfg  Config
		want redis.UniversalClient
	}{
		"single":   {Config{URLs: []string{"redis://localhost"}}, &redis.Client{}},
		"cluster":  {Config{URLs: []string{"redis://localhost"}, Cluster: true}, &redis.ClusterClient{}},
		"sentinel": {Config{URLs: []string{"redis://localhost"}, MasterName: "m"}, &redis.Client{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.cfg.Secret = secret
			if c := open(t, tt.cfg); reflect.TypeOf(c.client) != reflect.TypeOf(tt.want) {
				t.Errorf("%T, want %T", c.client, tt.want)
			}
		})
	}
}

func TestTLSOnlyWhenAsked(t *testing.T) {
	given := &tls.Config{ServerName: "redis.internal"}
	if tlsConfig(given, "redis") != nil {
		t.Error("TLS for redis://")
	}
	if c := tlsConfig(nil, "rediss"); c == nil || c.MinVersion != tls.VersionTLS12 || c.InsecureSkipVerify {
		t.Errorf("%+v", c)
	}
	if c := tlsConfig(given, "rediss"); c == given || c.ServerName != given.ServerName {
		t.Error("the caller's configuration is not copied")
	}
}
