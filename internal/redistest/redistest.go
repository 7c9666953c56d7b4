//go:build unix

// Package redistest starts real Redis servers for tests: each on free loopback ports, in a
// directory of its own, without persistence, and killed when the test ends.
package redistest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caddy-checkout/checkout/internal/freeport"
	"github.com/caddy-checkout/checkout/internal/testneed"
)

// Server is a running redis-server.
type Server struct {
	Addr string // host and port
	Dir  string

	t       testing.TB
	args    []string
	ready   string
	process *os.Process
	exited  chan struct{}
}

// Start starts a server with further arguments, as in a redis.conf: "--maxmemory", "10mb". Without
// redis-server the test is skipped.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, "Ready to accept connections", func(s *Server) []string {
		return append([]string{
			"--port", s.Port(), "--bind", "127.0.0.1", "--save", "",
			"--appendonly", "no", "--dir", s.Dir,
		}, args...)
	})
}

// StartTLS starts a server that speaks TLS only, with PEM files of a certificate and its key.
func StartTLS(t testing.TB, certFile, keyFile string, args ...string) *Server {
	t.Helper()
	return start(t, "Ready to accept connections", func(s *Server) []string {
		return append([]string{
			"--port", "0", "--tls-port", s.Port(), "--bind", "127.0.0.1", "--save", "", "--dir",
			s.Dir,
			"--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-auth-clients", "no",
		}, args...)
	})
}

// StartSentinel starts a sentinel that watches master under a name, alone, and fails over after a
// second.
func StartSentinel(t testing.TB, name string, master *Server) *Server {
	t.Helper()
	return start(t, "+monitor master", func(s *Server) []string {
		conf := filepath.Join(s.Dir, "sentinel.conf")
		lines := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\n"+
			"sentinel monitor %s 127.0.0.1 %s 1\nsentinel down-after-milliseconds %s "+
			"1000\nsentinel failover-timeout %s 5000\n",
			s.Port(), s.Dir, name, master.Port(), name, name)
		if err := os.WriteFile(conf, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{conf, "--sentinel"}
	})
}

func start(t testing.TB, ready string, args func(*Server) []string) *Server {
	t.Helper()
	testneed.Redis(t)
	for range 5 { // a free port may be taken between looking and starting
		s := &Server{Addr: freeAddr(t), Dir: t.TempDir(), t: t, ready: ready}
		s.args = args(s)
		if s.run() {
			t.Cleanup(s.Kill)
			return s
		}
	}
	t.Fatal("redis-server does not start")
	return nil
}

// run reports whether the server came up.
func (s *Server) run() bool {
	s.t.Helper()
	cmd := exec.Command(testneed.Redis(s.t), s.args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	up, exited := make(chan bool, 1), make(chan struct{})
	go func() {
		defer close(exited)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), s.ready) {
				up <- true
				break
			}
		}
		io.Copy(io.Discard, out) // a full pipe would stop the server
		cmd.Wait()
		up <- false
	}()
	s.process, s.exited = cmd.Process, exited
	return <-up
}

// Port is the server's port.
func (s *Server) Port() string {
	_, port, _ := net.SplitHostPort(s.Addr)
	return port
}

// URL is the server's address for a client without TLS.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Client connects the test itself to the server.
func (s *Server) Client() *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: s.Addr, Protocol: 2, DisableIdentity: true})
	s.t.Cleanup(func() { client.Close() })
	return client
}

// Pause stops the process: the server still accepts connections, but does not answer.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume lets the process go on.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends the process at once. Its data is lost.
func (s *Server) Kill() {
	s.process.Kill()
	<-s.exited
}

// Restart starts the server again on the same port.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if !s.run() {
		s.t.Fatal("redis-server does not start again")
	}
}

// Eventually waits for something that another process does by itself, for half a minute at most.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freeAddr(t testing.TB) string {
	t.Helper()
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}
