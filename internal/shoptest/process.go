package shoptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for another process. Reaching it is a failure.
const patience = time.Minute

// Process is Caddy as operators run it: a process of its own, in a directory of its own, with free
// ports of loopback.
type Process struct {
	Dir   string
	HTTP  string // host:port
	HTTPS string // the same for TLS, TCP and UDP
	Log   *Transcript

	t      *testing.T
	binary string
	env    []string
	cmd    *exec.Cmd
	exited chan struct{} // closed when err is set
	err    error
}

// start runs a Caddyfile. It finds its ports in {$HTTP_PORT} and {$HTTPS_PORT}, its directory in
// {$DIR}. When the test ends, the process is asked to stop, and must do so in order.
func start(t *testing.T, caddyfile string, env ...string) *Process {
	t.Helper()
	binary, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "caddy") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for range 5 { // a free port may be taken between looking and listening
		p := &Process{t: t, binary: binary, Dir: dir}
		p.HTTP, p.HTTPS = TwoFreePorts(t)
		p.env = slices.Concat(CleanEnv(dir), env, []string{
			"HTTP_PORT=" + Port(p.HTTP), "HTTPS_PORT=" + Port(p.HTTPS), racesAreLogged,
		})
		p.Write(caddyfile)
		if p.run() {
			t.Cleanup(p.stop)
			return p
		}
		if !strings.Contains(p.Log.String(), "address already in use") {
			t.Fatalf("Caddy did not start: %v\n%s", p.err, p.Log)
		}
	}
	t.Fatal("no free port after five tries")
	return nil
}

// CleanEnv is an environment without anything that the person who runs the tests has set or stored.
func CleanEnv(dir string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "DIR=" + dir, "HOME=" + dir,
		"XDG_DATA_HOME=" + filepath.Join(dir, "data"),
		"XDG_CONFIG_HOME=" + filepath.Join(dir, "config"),
	}
}

// run reports whether the process came up; if not, it has ended.
func (p *Process) run() bool {
	p.t.Helper()
	p.Log = newTranscript()
	p.cmd = exec.Command(p.binary, "run", "--config", p.Caddyfile(), "--adapter", "caddyfile")
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, p.Log, p.Log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.exited = make(chan struct{})
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p.Logged("serving initial configuration")
}

// Caddyfile is the path of the process's Caddyfile.
func (p *Process) Caddyfile() string { return filepath.Join(p.Dir, "Caddyfile") }

// Write replaces the Caddyfile, without loading it.
func (p *Process) Write(caddyfile string) {
	p.t.Helper()
	if err := os.WriteFile(p.Caddyfile(), []byte(caddyfile), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Logged waits until the process has logged a text; false says that it ended before.
func (p *Process) Logged(text string) bool {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		found, grown := p.Log.look(text)
		if found {
			return true
		}
		select {
		case <-grown:
		case <-p.exited:
			found, _ := p.Log.look(text)
			return found
		case <-deadline:
			p.t.Fatalf("%q is not in the log:\n%s", text, p.Log)
		}
	}
}

// Exec runs a subcommand of the same binary in the same environment.
func (p *Process) Exec(args ...string) (stdout string, err error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.binary, args...)
	var out, msg bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &out, &msg
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("caddy %s: %w\n%s", args[0], err, &msg)
	}
	if raced(msg.String()) {
		p.t.Errorf("caddy %s has a race:\n%s", args[0], &msg)
	}
	return out.String(), err
}

// Terminate asks the process to stop, as systemd and Docker do.
func (p *Process) Terminate() {
	p.t.Helper()
	err := p.cmd.Process.Signal(syscall.SIGTERM)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// Kill ends the process at once, as a power cut does.
func (p *Process) Kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.exited
}

// Restart starts a killed process again, with its directory, ports and environment.
func (p *Process) Restart() {
	p.t.Helper()
	if !p.run() {
		p.t.Fatalf("Caddy did not start again: %v\n%s", p.err, p.Log)
	}
}

// stop ends the process and judges how it did.
func (p *Process) stop() {
	p.Terminate()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.exited
		p.t.Errorf("Caddy did not stop when asked to:\n%s", p.Log)
	}
	if p.err != nil {
		p.t.Errorf("Caddy ended with %v:\n%s", p.err, p.Log)
	}
	if log := p.Log.String(); raced(log) || strings.Contains(log, "panic") {
		p.t.Errorf("a race or a panic in the log:\n%s", log)
	}
}

// ResidentMemory is the process's memory in bytes where the system tells it; elsewhere it is 0, and
// says nothing.
func (p *Process) ResidentMemory() int {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		p.t.Logf("the size of a process is not known here: %v", err)
		return 0
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		p.t.Fatal(err)
	}
	return resident * os.Getpagesize()
}
