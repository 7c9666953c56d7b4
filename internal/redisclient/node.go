package redisclient

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

const (
	breakerFailures = 5           // in a row open the breaker
	breakerPause    = time.Second // until one operation is let through
)

// operation is what a node's hook must know of the operation that a command belongs to.
type operation struct {
	// caller is the context without the budget: when it has ended, the failure is the caller's.
	caller context.Context
	// insists says that the operation is tried whatever the breakers say.
	insists bool
}

// operationKey finds the operation in a context, nodeKey the node that has already let it in.
type (
	operationKey struct{}
	nodeKey      struct{}
)

// node is the hook of one node's client. It holds the breaker of that node alone, so that a dead
// master of a cluster costs its own slots only.
//
// A hook, and not go-redis's Options.Limiter, since a limiter sees no context: it could not tell a
// caller that left from a node that is slow, nor let through who insists.
type node struct {
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	// budget is for commands that go-redis sends of its own accord, without a deadline: asking for
	// the slots must not wait for a node that hangs.
	budget time.Duration
	// failed is told after each failure: the node may have lost its slots to another.
	failed func()
}

var _ redis.Hook = (*node)(nil)

// newNode makes a node with a breaker that opens when the node is slow or gone, and not when it
// says no quickly: a full or read-only server still answers reads, and its refusals cost nothing.
func newNode(budget time.Duration, failed func()) *node {
	breaker := gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout: breakerPause,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= breakerFailures
		},
		IsExcluded: func(err error) bool { return kindOf(err) == KindCanceled },
	})
	return &node{breaker: breaker, budget: budget, failed: failed}
}

// DialHook leaves connecting as it is: who waits for a connection in vain is counted as a command
// that failed.
func (n *node) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return next(ctx, network, addr)
	}
}

// ProcessHook lets a command through and counts how it ended.
func (n *node) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return n.run(ctx, cmd.Err, func(ctx context.Context) error { return next(ctx, cmd) })
	}
}

// ProcessPipelineHook lets a pipeline through and counts it as one. In a cluster go-redis leaves
// what a server answered to each command in the command alone.
func (n *node) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		worst := func() error {
			for _, cmd := range cmds {
				if err := cmd.Err(); tellsOfNode(err) {
					return err
				}
			}
			return nil
		}
		asked := false
		err := n.run(ctx, worst, func(ctx context.Context) error {
			asked = true
			return next(ctx, cmds)
		})
		if !asked {
			// Callers look at the commands. Without an error they would read as empty answers.
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// run asks the breaker, runs f, and tells the breaker how that ended: by f's error or by that of
// the commands.
func (n *node) run(
	ctx context.Context, commands func() error, f func(context.Context) error,
) error {
	if ctx.Value(nodeKey{}) == n {
		return f(ctx) // the first words on a new connection, within a command that was let in
	}
	op, _ := ctx.Value(operationKey{}).(*operation)
	if op == nil {
		op = &operation{caller: ctx}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, n.budget)
		defer cancel()
	}
	settle, err := n.breaker.Allow()
	switch {
	case err == nil:
	case op.insists:
		settle = func(error) {}
	default:
		return err
	}
	said := errPanic // unless f returns
	defer func() {
		verdict, lost := judge(said)
		if op.caller.Err() != nil {
			verdict, lost = context.Canceled, false // of a caller that left, not of the node
		}
		settle(verdict)
		if lost {
			n.failed()
		}
	}()
	err = f(context.WithValue(ctx, nodeKey{}, n))
	if said = err; !tellsOfNode(said) {
		said = commands()
	}
	return err
}

// tellsOfNode tells a failure of the node, or of its place in the cluster, from an answer that
// concerns one command.
func tellsOfNode(err error) bool {
	_, lost := judge(err)
	return lost
}

// judge is what the breaker is told of an error, and whether the node may have lost its slots. A
// quick answer opens no breaker: MOVED and ASK, which go-redis follows; CLUSTERDOWN, which ends
// with a failover; NOPERM, which forbids one command and not the next.
func judge(err error) (verdict error, lost bool) {
	if server, ok := errors.AsType[redis.Error](err); ok {
		switch word, _, _ := strings.Cut(server.Error(), " "); word {
		case "CLUSTERDOWN":
			return nil, true
		case "NOPERM":
			return nil, false
		}
	}
	if outage(kindOf(err)) {
		return err, true
	}
	return nil, false
}
