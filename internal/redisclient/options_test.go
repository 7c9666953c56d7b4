package redisclient

import (
	"crypto/tls"
	"reflect"
	"testing"

	"github.com/redis/go-redis/v9"
)

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
			c, err := New(tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if reflect.TypeOf(c.Redis) != reflect.TypeOf(tt.want) {
				t.Errorf("%T, want %T", c.Redis, tt.want)
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
