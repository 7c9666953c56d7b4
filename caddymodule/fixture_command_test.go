package caddymodule_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

// asCommand makes the test binary a Caddy, so that the tests of `caddy checkout` see real exit
// codes.
const asCommand = "CHECKOUT_TEST_AS_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		caddycmd.Main()
		os.Exit(0)
	}
	os.Exit(inFolderOfItsOwn(m.Run))
}

// inFolderOfItsOwn runs the tests where none of them writes into the data folder of the user. Each
// shop and server has one of its own beside it.
func inFolderOfItsOwn(run func() int) int {
	dir, err := os.MkdirTemp("", "checkout-data")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Setenv("XDG_DATA_HOME", dir); err != nil {
		panic(err)
	}
	return run()
}

// run is one `caddy checkout …` with its output and exit code.
type run struct {
	stdout, stderr string
	code           int
}

// checkout runs the command as a process of its own, against the server's admin endpoint unless
// told otherwise.
func (srv *server) checkout(stdin string, args ...string) run {
	srv.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"checkout"}, args...)...)
	cmd.Env = append(os.Environ(), asCommand+"=1",
		"XDG_CONFIG_HOME="+srv.dir, "XDG_DATA_HOME="+srv.dir)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	r := run{}
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			srv.t.Fatal(err)
		}
		r.code = exit.ExitCode()
	}
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

// address is the flag that leads to the server.
func (srv *server) address() string { return "--address=unix/" + srv.socket("admin") }

// succeeds checks that a command ended well, and that its output holds the texts.
func (r run) succeeds(t *testing.T, texts ...string) {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(r.stdout, text) {
			t.Errorf("the output does not hold %q:\n%s", text, r.stdout)
		}
	}
}
