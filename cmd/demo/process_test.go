package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a demo in a process of its own.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	temp string // its folder for temporary files
	data string // its folder for what survives it
	shop string // its address, once it has said so

	mu   sync.Mutex
	out  strings.Builder
	done chan struct{} // closed when it has ended and all it said is read
	err  error
}

// launch runs the demo with an empty folder of data.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	return launchIn(t, t.TempDir(), args...)
}

// launchIn runs the demo for a user whose folder for caches is given. It runs in a folder that it
// cannot write to, with an empty folder for temporary files.
func launchIn(t *testing.T, caches string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	p := &process{
		t: t, temp: shortTempDir(t), done: make(chan struct{}),
		data: filepath.Join(caches, defaultFolder),
	}
	home := t.TempDir()
	if err := os.Chmod(home, 0o500); err != nil { //nolint:gosec // a folder needs its x
		t.Fatal(err)
	}
	p.cmd = exec.CommandContext(ctx, os.Args[0], args...) //nolint:gosec // this very program
	p.cmd.Dir = home
	p.cmd.Env = append(os.Environ(), asDemo+"=1", "TMPDIR="+p.temp, "TMP="+p.temp, "HOME="+home,
		"XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+caches,
		"ZOTLO_ACCESS_KEY=somebody's real key", "ZOTLO_ACCESS_SECRET=somebody's real secret")
	read, write := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = write, write
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(read)
		for lines.Scan() {
			p.mu.Lock()
			fmt.Fprintln(&p.out, lines.Text())
			p.mu.Unlock()
			if fields := strings.Fields(lines.Text()); len(fields) > 2 && fields[1] == "shop" {
				started <- fields[2]
			}
		}
		close(p.done)
	}()
	go func() {
		p.err = p.cmd.Wait()
		_ = write.Close()
	}()
	t.Cleanup(func() { cancel(); <-p.done })
	select {
	case p.shop = <-started:
	case <-p.done:
	}
	t.Cleanup(func() {
		if files := filesIn(t, home); len(files) > 0 {
			t.Errorf("left in the home folder: %v", files)
		}
	})
	return p
}

// shortTempDir is a folder whose name leaves room for the names of sockets.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// interrupt presses Ctrl-C and waits for a clean end.
func (p *process) interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	<-p.done
	if p.err != nil {
		p.t.Errorf("the demo ended with %v:\n%s", p.err, p.said())
	}
	if files := filesIn(p.t, p.temp); len(files) > 0 {
		p.t.Errorf("left behind: %v", files)
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTwoDemosAtOnce(t *testing.T) {
	skipWithoutSignals(t)
	caches := t.TempDir()
	one := launchIn(t, caches, "--listen", "127.0.0.1:0")
	two := launchIn(t, caches, "--listen", "localhost:0")
	for _, p := range []*process{one, two} {
		res, err := http.Get(p.shop + "/") //nolint:noctx // loopback
		if err != nil {
			t.Fatalf("%v\n%s", err, p.said())
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("answered %d", res.StatusCode)
		}
	}
	one.interrupt()
	two.interrupt()
	const forgets = "This demo forgets at its end who has paid: another demo uses "
	if strings.Contains(one.said(), forgets) || !strings.Contains(two.said(), forgets+one.data) {
		t.Errorf("one folder for both:\n%s\n%s", one.said(), two.said())
	}
	if lines := strings.Count(strings.TrimSpace(one.said()), "\n"); lines > 9 ||
		strings.Contains(one.said(), "{") {
		t.Errorf("the terminal got more than the demo's own words:\n%s", one.said())
	}
}

func TestBusyPortIsOneClearSentence(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	p := launch(t, "--listen", l.Addr().String())
	<-p.done
	if code := p.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	const advice = "is busy, perhaps with another demo; try: go run ./cmd/demo --listen"
	if !strings.Contains(p.said(), advice) {
		t.Errorf("it said:\n%s", p.said())
	}
}

func TestSecondDemoOnTheSamePortIsToldSo(t *testing.T) {
	skipWithoutSignals(t)
	first := launch(t, "--listen", "127.0.0.1:0")
	second := launch(t, "--listen", strings.TrimPrefix(first.shop, "http://"))
	<-second.done
	if code := second.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1:\n%s", code, second.said())
	}
	first.interrupt()
}

func TestUnwritableTempFolderIsOneClearSentence(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	t.Setenv("TMP", os.Getenv("TMPDIR"))
	at, err := newPlace("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start(at, t.TempDir()); err == nil ||
		!strings.Contains(err.Error(), "it needs a temporary folder") {
		t.Errorf("got %v", err)
	}
}

// Requests are running when Ctrl-C comes: one waits for a stuck API, one for news in the panel.
func TestInterruptWhileRequestsRun(t *testing.T) {
	skipWithoutSignals(t)
	p := launch(t, "--listen", "127.0.0.1:0")
	d := &demo{place: place{shop: p.shop, pay: p.shop}}
	ada := arrive(t, d)
	ada.signIn("ada")
	ada.trouble("stuck")
	var running sync.WaitGroup
	for _, address := range []string{"/checkout/plus", "/happened?after=1"} {
		running.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.shop+address, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if res, err := ada.client.Do(r); err == nil { // it may also be cut off
				_ = res.Body.Close()
			}
		})
	}
	for !strings.Contains(ada.get("/happened").body, "1 API call ") {
		runtime.Gosched() // until the API has been asked
	}
	begin := time.Now()
	p.interrupt()
	t.Logf("stopped %v after Ctrl-C, with two requests running",
		time.Since(begin).Round(time.Millisecond))
	running.Wait()
}

func skipWithoutSignals(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no Ctrl-C to send to another process on Windows")
	}
}
