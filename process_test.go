package checkout_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/freeport"
)

// patience is how long a test waits for another process. Reaching it is a failure.
const patience = time.Minute

// binDir holds the binaries that the tests build.
var binDir string

func TestMain(m *testing.M) {
	var err error
	if binDir, err = os.MkdirTemp("", "checkout"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(binDir)
	os.Exit(code)
}

// caddyBinary builds the production binary once, with the race detector where the tests have it.
var caddyBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binDir, "caddy")
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "./cmd/caddy")...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("building cmd/caddy: %w\n%s", err, out)
	}
	return path, err
})

// process is Caddy as operators run it: a process of its own, in a directory of its own, with free ports of loopback.
type process struct {
	t      *testing.T
	binary string
	dir    string
	env    []string
	http   string // host:port
	https  string // the same for TLS, TCP and UDP
	log    *transcript
	cmd    *exec.Cmd
	exited chan struct{} // closed when err is set
	err    error
}

// startCaddy runs a Caddyfile. It finds its ports in {$HTTP_PORT} and {$HTTPS_PORT}, its directory in {$DIR}.
// When the test ends, the process is asked to stop, and must do so in order.
func startCaddy(t *testing.T, caddyfile string, env ...string) *process {
	t.Helper()
	binary, err := caddyBinary()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "caddy") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for range 5 { // a free port may be taken between looking and listening
		p := &process{t: t, binary: binary, dir: dir}
		p.http, p.https = twoFreePorts(t)
		p.env = append(cleanEnv(dir), append(env, "HTTP_PORT="+port(p.http), "HTTPS_PORT="+port(p.https))...)
		p.write(caddyfile)
		if p.run() {
			t.Cleanup(p.stop)
			return p
		}
		if !strings.Contains(p.log.String(), "address already in use") {
			t.Fatalf("Caddy did not start: %v\n%s", p.err, p.log)
		}
	}
	t.Fatal("no free port after five tries")
	return nil
}

// cleanEnv keeps a process from whatever the person who runs the tests has set and stored.
func cleanEnv(dir string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "DIR=" + dir, "HOME=" + dir,
		"XDG_DATA_HOME=" + filepath.Join(dir, "data"), "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"),
	}
}

// run reports whether the process came up; if not, it has ended.
func (p *process) run() bool {
	p.t.Helper()
	p.log = newTranscript()
	p.cmd = exec.Command(p.binary, "run", "--config", p.caddyfile(), "--adapter", "caddyfile")
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.exited = make(chan struct{})
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p.logged("serving initial configuration")
}

func (p *process) caddyfile() string { return filepath.Join(p.dir, "Caddyfile") }

func (p *process) write(caddyfile string) {
	p.t.Helper()
	if err := os.WriteFile(p.caddyfile(), []byte(caddyfile), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// logged waits until the process has logged a text; false says that it ended before.
func (p *process) logged(text string) bool {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		found, grown := p.log.look(text)
		if found {
			return true
		}
		select {
		case <-grown:
		case <-p.exited:
			found, _ := p.log.look(text)
			return found
		case <-deadline:
			p.t.Fatalf("%q is not in the log:\n%s", text, p.log)
		}
	}
}

// caddy runs a subcommand of the same binary in the same surroundings.
func (p *process) caddy(args ...string) (stdout string, err error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.binary, args...)
	var out, msg bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &out, &msg
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("caddy %s: %w\n%s", args[0], err, &msg)
	}
	return out.String(), err
}

// reload is what operators type after editing their Caddyfile. It loads even what has not changed.
func (p *process) reload(caddyfile string) error {
	p.t.Helper()
	p.write(caddyfile)
	_, err := p.caddy("reload", "--force", "--config", p.caddyfile(), "--adapter", "caddyfile", "--address", "unix/"+p.adminSocket())
	return err
}

func (p *process) adminSocket() string { return filepath.Join(p.dir, "admin.sock") }

// terminate asks the process to stop, as systemd and Docker do.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// kill ends the process at once, as a power cut does; restart starts it again with its directory, ports and surroundings.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.exited
}

func (p *process) restart() {
	p.t.Helper()
	if !p.run() {
		p.t.Fatalf("Caddy did not start again: %v\n%s", p.err, p.log)
	}
}

// stop ends the process and judges how it did.
func (p *process) stop() {
	p.terminate()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.exited
		p.t.Errorf("Caddy did not stop when asked to:\n%s", p.log)
	}
	if p.err != nil {
		p.t.Errorf("Caddy ended with %v:\n%s", p.err, p.log)
	}
	for _, bad := range []string{"DATA RACE", "panic"} {
		if found, _ := p.log.look(bad); found {
			p.t.Errorf("%q in the log:\n%s", bad, p.log)
		}
	}
}

// transcript is all that a process has written, and says when there is more.
type transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
}

func newTranscript() *transcript { return &transcript{grown: make(chan struct{})} }

func (tr *transcript) Write(text []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	close(tr.grown)
	tr.grown = make(chan struct{})
	return tr.text.Write(text)
}

func (tr *transcript) look(text string) (found bool, grown <-chan struct{}) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return bytes.Contains(tr.text.Bytes(), []byte(text)), tr.grown
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}

// twoFreePorts finds two ports of loopback that are free for TCP and for UDP. They are held until both are known, so that they differ.
func twoFreePorts(t *testing.T) (string, string) {
	t.Helper()
	var found []string
	for range 20 {
		tcp, err := freeport.Listen()
		if err != nil {
			t.Fatal(err)
		}
		defer tcp.Close()
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err != nil {
			continue
		}
		udp.Close()
		if found = append(found, tcp.Addr().String()); len(found) == 2 {
			return found[0], found[1]
		}
	}
	t.Fatal("no two ports are free for both TCP and UDP")
	return "", ""
}

func port(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
