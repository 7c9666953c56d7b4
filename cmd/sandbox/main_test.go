package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/zotlo"
)

// asSandbox makes the test program behave as the sandbox itself, so that tests can start it as a
// process of its own.
const asSandbox = "CHECKOUT_TEST_AS_SANDBOX"

func TestMain(m *testing.M) {
	if os.Getenv(asSandbox) != "" {
		main()
	}
	os.Exit(m.Run())
}

// What the command prints is all that it takes to get a link and to pay it; asked to stop, it ends
// in order.
func TestLinkAndPaymentOverHTTP(t *testing.T) {
	paid := make(chan string, 10)
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		paid <- r.URL.RawQuery
	}))
	defer site.Close()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd, said := launch(t, "--listen", "127.0.0.1:0", "--webhook", site.URL+"/hooks?token=abc")
		link := getLink(t, said)
		//nolint:noctx // loopback
		res, err := http.PostForm(link+"/pay", url.Values{"subscriber": {""}})
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("the page answers a payment with %s", res.Status)
		}
		if got := <-paid; got != "token=abc" {
			t.Errorf("the webhook came with %q", got)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("after %v it ended with %v", signal, err)
		}
	}
}

// launch starts the sandbox and reads what it says until it is ready.
func launch(t *testing.T, args ...string) (cmd *exec.Cmd, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asSandbox+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096) // one write says everything
	n, err := out.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return cmd, string(buffer[:n])
}

// getLink asks for a link as the module does, with the settings that the sandbox has printed.
func getLink(t *testing.T, said string) string {
	t.Helper()
	setting := func(name string) string {
		found := regexp.MustCompile(name + `[ =](\S+)`).FindStringSubmatch(said)
		if found == nil {
			t.Fatalf("it does not say %s:\n%s", name, said)
		}
		return found[1]
	}
	memory := memorycache.New(memorycache.Config{})
	defer memory.Close()
	links, err := linkgen.New(linkgen.Config{
		Projects: []linkgen.Project{{
			Project: zotlo.Project{
				APIURL:         setting("api_url"),
				AccessKey:      setting("ZOTLO_ACCESS_KEY"),
				AccessSecret:   setting("ZOTLO_ACCESS_SECRET"),
				ApplicationKey: setting("ZOTLO_APPLICATION_KEY"),
			},
		}},
		Key: []byte("the key of a test"), Cache: memory,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer links.Close()
	got, err := links.Link(t.Context(), links.Prepare(linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: "email", ID: "ann@example.com"},
		IP:         netip.MustParseAddr("203.0.113.7"), LinkID: "123",
	}), "shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return got.URL
}

func TestMistakesAreOneClearSentence(t *testing.T) {
	busy, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for says, args := range map[string][]string{
		"write 127.0.0.1 or localhost, and a port": {"--listen", "0.0.0.0:9911"},
		`--listen "9911"`:                          {"--listen", "9911"},
		"address already in use":                   {"--listen", busy.Addr().String()},
		"--webhook is no URL: write one such as http": {
			"--listen", "127.0.0.1:0", "--webhook", "localhost:8080/hooks",
		},
	} {
		var errs bytes.Buffer
		if code := run(t.Context(), args, io.Discard, &errs); code != 1 ||
			!strings.Contains(errs.String(), says) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%q: code %d, %q", args, code, &errs)
		}
	}
}
