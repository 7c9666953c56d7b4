package redisclient

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

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

// run has a node serve a command that ends in err, and reports whether it was let through.
func run(ctx context.Context, n *node, err error) bool {
	through := false
	hook := n.ProcessHook(func(_ context.Context, cmd redis.Cmder) error {
		through = true
		cmd.SetErr(err)
		return err
	})
	_ = hook(ctx, redis.NewCmd(ctx, "get"))
	return through
}

// serverError is what a server answers.
type serverError string

func (e serverError) Error() string { return string(e) }
func (serverError) RedisError()     {}

func TestWhatOpensABreaker(t *testing.T) {
	left, leave := context.WithCancel(context.Background())
	leave()
	for _, tt := range []struct {
		name  string
		err   error
		opens bool
		lost  bool // the slots are asked for
	}{
		{"nothing", nil, false, false},
		{"no such key", redis.Nil, false, false},
		{"a broken connection", io.EOF, true, true},
		{"a node that hangs", context.DeadlineExceeded, true, true},
		{"a password that changed", serverError("NOAUTH Authentication required."), true, true},
		{"a command that is forbidden", serverError("NOPERM this user has no permissions"), false, false},
		{"a slot that moved", serverError("MOVED 1 127.0.0.1:1"), false, false},
		{"a cluster without a slot", serverError("CLUSTERDOWN Hash slot not served"), false, true},
		{"a full server", serverError("OOM command not allowed"), false, false},
		{"a replica", serverError("READONLY You can't write"), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lost := 0
			n := newNode(time.Second, func() { lost++ })
			for i := range 2 * breakerFailures {
				if through := run(t.Context(), n, tt.err); through == (tt.opens && i >= breakerFailures) {
					t.Errorf("command %d: let through %v", i, through)
				}
			}
			if (lost > 0) != tt.lost {
				t.Errorf("the slots were asked for %d times", lost)
			}
		})
	}
	t.Run("callers that leave", func(t *testing.T) {
		n := newNode(time.Second, func() { t.Error("the slots were asked for") })
		ctx := context.WithValue(t.Context(), operationKey{}, &operation{caller: left})
		for range 2 * breakerFailures {
			if !run(ctx, n, context.DeadlineExceeded) {
				t.Fatal("the breaker has opened")
			}
		}
	})
}

// TestAPipelineIsJudgedByItsCommands: in a cluster the pipeline itself succeeds.
func TestAPipelineIsJudgedByItsCommands(t *testing.T) {
	n := newNode(time.Second, func() {})
	through := 0
	hook := n.ProcessPipelineHook(func(_ context.Context, cmds []redis.Cmder) error {
		through++
		cmds[1].SetErr(serverError("NOAUTH Authentication required."))
		return nil
	})
	for range 2 * breakerFailures {
		cmds := []redis.Cmder{redis.NewCmd(t.Context(), "get"), redis.NewCmd(t.Context(), "get")}
		_ = hook(t.Context(), cmds)
	}
	if through != breakerFailures {
		t.Errorf("%d pipelines went through", through)
	}
}

func TestWhoInsistsIsLetThrough(t *testing.T) {
	n := newNode(time.Second, func() {})
	for range breakerFailures {
		run(t.Context(), n, io.EOF)
	}
	ctx := context.WithValue(t.Context(), operationKey{},
		&operation{caller: t.Context(), insists: true})
	if run(t.Context(), n, nil) || !run(ctx, n, nil) {
		t.Error("want one turned away, and the one that insists let through")
	}
}

// TestFirstWordsAreNotCounted: what is said on a new connection belongs to the command that needs
// the connection. Counted apart, it would be refused where the breaker lets one through.
func TestFirstWordsAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(time.Second, func() {})
		for range breakerFailures {
			run(t.Context(), n, io.EOF)
		}
		inside := errors.New("not reached")
		hook := n.ProcessHook(func(ctx context.Context, _ redis.Cmder) error {
			if run(ctx, n, nil) {
				inside = nil
			}
			return nil
		})
		time.Sleep(breakerPause + 1)
		if err := hook(t.Context(), redis.NewCmd(t.Context(), "get")); err != nil || inside != nil {
			t.Errorf("%v, %v", err, inside)
		}
	})
}
