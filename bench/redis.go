package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"time"
)

// redisServer is a redis-server that saves nothing.
type redisServer struct {
	addr string // host:port
	dir  string
	args []string
	cmd  *exec.Cmd
}

// startRedis starts a redis-server with further arguments.
func startRedis(ctx context.Context, args ...string) (*redisServer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &redisServer{addr: net.JoinHostPort("127.0.0.1", port)}
	if s.dir, err = os.MkdirTemp("", "bench-redis"); err != nil {
		return nil, err
	}
	s.args = append([]string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir,
	}, args...)
	if err := s.run(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// run starts the process and waits until it listens.
func (s *redisServer) run(ctx context.Context) error {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return errors.New("redis-server is not installed: this part needs it")
	}
	s.cmd = exec.CommandContext(ctx, binary, s.args...)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		if nc, err := net.Dial("tcp", s.addr); err == nil {
			nc.Close()
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("redis-server did not come up")
}

// kill ends the process at once. Its data is lost.
func (s *redisServer) kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

func (s *redisServer) stop() {
	s.kill()
	os.RemoveAll(s.dir)
}

// redisCluster is three masters with a replica each.
type redisCluster []*redisServer

// clusterTimeout is after how long a master that does not answer is taken for dead.
const clusterTimeout = 5 * time.Second

// startCluster starts a cluster with the settings that docs/operations.md asks for.
func startCluster(ctx context.Context) (c redisCluster, err error) {
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	create := []string{"--cluster", "create"}
	for range 6 {
		bus, err := freePort()
		if err != nil {
			return c, err
		}
		node, err := startRedis(ctx, "--cluster-enabled", "yes", "--cluster-port", bus,
			"--cluster-node-timeout", fmt.Sprint(clusterTimeout.Milliseconds()),
			"--cluster-require-full-coverage", "no")
		if err != nil {
			return c, err
		}
		c = append(c, node)
		create = append(create, node.addr)
	}
	create = append(create, "--cluster-replicas", "1", "--cluster-yes")
	if out, err := exec.CommandContext(ctx, "redis-cli", create...).CombinedOutput(); err != nil {
		return c, fmt.Errorf("making a Redis Cluster: %w\n%s", err, out)
	}
	return c, nil
}

// breakOne kills one of the nodes and starts it again after a while, empty.
func (c redisCluster) breakOne(ctx context.Context, d time.Duration) error {
	node := c[rand.IntN(len(c))]
	node.kill()
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(d):
	}
	return node.run(ctx)
}

func (c redisCluster) stop() {
	for _, node := range c {
		node.stop()
	}
}
