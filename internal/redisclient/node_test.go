package redisclient

import (
	"context"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestWhatABreakerRefusesIsNoEmptyAnswer: a pipeline that was not sent says so in every command.
func TestWhatABreakerRefusesIsNoEmptyAnswer(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	c, err := New(Config{URLs: []string{"redis://" + nobody.Addr().String()}, Timeout: MaxTimeout})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var last error
	for range 2 * breakerFailures {
		var get *redis.StringCmd
		_ = c.Do(t.Context(), "get", func(ctx context.Context) error {
			pipe := c.Redis.Pipeline()
			get = pipe.Get(ctx, "key")
			_, err := pipe.Exec(ctx)
			return err
		})
		if last = get.Err(); last == nil {
			t.Fatalf("the command says %q and no error", get.Val())
		}
	}
	if Kind(last) != KindOpen {
		t.Errorf("the last command says %v, want a breaker that is open", last)
	}
}
