package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/caddy-checkout/checkout/sandbox"
)

// server is a process that answers HTTP on loopback.
type server struct {
	addr   string // host:port
	dir    string
	cmd    *exec.Cmd
	log    journal // complete once exited is closed
	exited chan struct{}
}

// journal is what a server wrote. It may be read while the server goes on writing.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// startCaddy runs the production binary, with data of its own: two may run at once. The Caddyfile
// finds port, directory, keys and the API's address in its environment, which env adds to.
func (l *lab) startCaddy(ctx context.Context, caddyfile string, env ...string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(l.dir, "")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(caddyfile), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, l.binary, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(append(l.env(), "PORT="+port, "DIR="+dir, "XDG_DATA_HOME="+dir), env...)
	return start(cmd, port, dir)
}

// env is all that a server is told.
func (l *lab) env() []string {
	return append(l.keys.env(),
		"PATH="+os.Getenv("PATH"), "HOME="+l.dir, "API="+l.zotlo.url,
		"ZOTLO_ACCESS_KEY="+sandbox.DefaultAccessKey,
		"ZOTLO_ACCESS_SECRET="+sandbox.DefaultAccessSecret,
		"ZOTLO_APPLICATION_KEY="+sandbox.DefaultApplicationKey)
}

// start runs a server and waits until it listens.
func start(cmd *exec.Cmd, port, dir string) (*server, error) {
	s := &server{addr: "127.0.0.1:" + port, dir: dir, cmd: cmd, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(s.exited)
	}()
	for deadline := time.Now().Add(startPatience); ; {
		if nc, err := net.Dial("tcp", s.addr); err == nil {
			nc.Close()
			return s, nil
		}
		select {
		case <-s.exited:
			return nil, fmt.Errorf("%s ended: %s", filepath.Base(cmd.Path), s.complaint())
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.stop()
			return nil, fmt.Errorf("%s did not come up: %s", filepath.Base(cmd.Path), s.complaint())
		}
	}
}

// complaint is the end of what the server wrote.
func (s *server) complaint() string {
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// stop ends the process and waits for it.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// admin asks Caddy's admin endpoint, which listens on a socket in the server's directory. A reload
// replaces it too, so a question that it closed unread is asked again.
func (s *server) admin(
	ctx context.Context, method, path, mediaType string, body io.Reader,
) ([]byte, error) {
	answer, err := s.askAdmin(ctx, method, path, mediaType, body)
	if closedUnread(err) && body == nil {
		answer, err = s.askAdmin(ctx, method, path, mediaType, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("asking the admin endpoint for %s: %w", path, err)
	}
	return answer, nil
}

func (s *server) askAdmin(
	ctx context.Context, method, path, mediaType string, body io.Reader,
) ([]byte, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(s.dir, "admin.sock"))
	}
	transport := &http.Transport{DialContext: dial}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("Cache-Control", "must-revalidate") // load it even if nothing has changed
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("admin: %s: %s", res.Status, answer)
	}
	return answer, err
}
