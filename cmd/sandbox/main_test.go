package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
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

// A process sells what its catalog says, and a script that knows no Go can pay, cancel and look.
func TestCatalogAndDoor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.csv")
	if err := os.WriteFile(file, []byte("link_id,package,price,currency,period\n"+
		"123,pro-yearly,99.00,EUR,1 year\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, said := launch(t, "--listen", "127.0.0.1:0", "--catalog", file)
	if !strings.Contains(said, "These values of link_id are known: 123.") {
		t.Errorf("it says\n%s", said)
	}
	door := regexp.MustCompile(`http://\S+/_sandbox/`).FindString(said)
	do := func(command, body string) (result map[string]any) {
		//nolint:noctx // loopback
		res, err := http.Post(door+command, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&result); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %s, %v", command, res.Status, err)
		}
		return result
	}
	paid := do("pay", `{"link": "`+getLink(t, said)+`"}`)
	if paid["price"] != "99.00" || paid["package_id"] != "pro-yearly" {
		t.Errorf("sold %v", paid)
	}
	state := do("cancel", fmt.Sprintf(`{"transaction": %q}`, paid["transaction_id"]))
	if state["status"] != "active" || state["real_status"] != "passive" {
		t.Errorf("cancelled: %v", state)
	}
}

// The help names every flag, and the door for scripts.
func TestHelp(t *testing.T) {
	var help bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, io.Discard, &help); code != 0 {
		t.Errorf("code %d", code)
	}
	for _, part := range []string{
		"-catalog file", "-listen address", "-webhook url",
		"POST /_sandbox/pay\n        pay a link: link, subscriber", "export_end",
	} {
		if !strings.Contains(help.String(), part) {
			t.Errorf("the help lacks %q:\n%s", part, &help)
		}
	}
}

func TestMistakesAreOneClearSentence(t *testing.T) {
	busy, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	broken := filepath.Join(t.TempDir(), "broken.csv")
	if err := os.WriteFile(broken, []byte("link_id,package,price,currency\n1,pro,free,EUR\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for says, args := range map[string][]string{
		"no such file": {"--catalog", broken + ".none"},
		"broken.csv, line 2: price: must be an amount": {"--catalog", broken},
		"write 127.0.0.1 or localhost, and a port":     {"--listen", "0.0.0.0:9911"},
		`--listen "9911"`:        {"--listen", "9911"},
		"address already in use": {"--listen", busy.Addr().String()},
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
