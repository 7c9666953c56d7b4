package e2e_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testneed"
)

// mints are the languages in which docs/offers.md mints an offer, how its code is run, and what that
// needs beside it.
var mints = []struct {
	language, file string
	command        func(t *testing.T, dir string) []string
}{
	{"go", "mint.go", func(t *testing.T, _ string) []string { return []string{"go", "run"} }},
	{"js", "mint.mjs", func(t *testing.T, dir string) []string {
		node := testneed.Node(t)
		// The benchmark's packages, which `npm ci --prefix bench/node` installs.
		packages, err := filepath.Abs(testneed.NodeModules(t, "bench/node"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(packages, filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		return []string{node}
	}},
	{"python", "mint.py", func(t *testing.T, _ string) []string {
		return []string{testneed.Python(t, "jwt")}
	}},
	{"ruby", "mint.rb", func(t *testing.T, _ string) []string {
		return []string{testneed.Ruby(t, "jwt")}
	}},
}

// TestDocumentedCodeMintsOffers runs the code of docs/offers.md as it stands there, and clicks the
// link that it prints. Its offers are good for one payment, and no two are the same.
func TestDocumentedCodeMintsOffers(t *testing.T) {
	here := openSurroundings(t)
	const file = "docs/offers.md"
	site := ""
	for _, b := range codeBlocks(t, file, "caddyfile") {
		if b.heading == "Set it up" {
			site = b.text
		}
	}
	s := shoptest.Open(t, here.move(site), here.env()...)
	for _, mint := range mints {
		t.Run(mint.language, func(t *testing.T) {
			blocks := codeBlocks(t, file, mint.language)
			if len(blocks) != 1 {
				t.Fatalf("%d blocks of %s", len(blocks), mint.language)
			}
			dir := t.TempDir()
			path := filepath.Join(dir, mint.file)
			if err := os.WriteFile(path, []byte(blocks[0].text), 0o600); err != nil {
				t.Fatal(err)
			}
			command := append(mint.command(t, dir), path)
			link := printed(t, command)
			if again := printed(t, command); again == link {
				t.Error("two offers are one")
			}
			for range 2 { // to open it spends nothing
				to := here.send(t, s, request{asks: link.Host + link.RequestURI()})
				if got := here.describe(t, s, to); got != "link 124, en, 4.90 EUR" {
					t.Errorf("the link of %s gives %q", mint.language, got)
				}
			}
			got := here.send(t, s, request{asks: link.Host + link.RequestURI() + "x"})
			if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/pricing" {
				t.Errorf("a link that was changed gives %d %s", got.StatusCode, got.Text)
			}
		})
	}
	if len(codeBlocks(t, file, "php")) != 1 {
		t.Error("the code in PHP is gone, and the page says that it is untested")
	}
}

// printed runs a program and reads the address that it prints.
func printed(t *testing.T, command []string) url.URL {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "OFFER_SECRET="+offerSecret)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, complaints.String())
	}
	address, err := url.Parse(strings.TrimSpace(string(text)))
	if err != nil || address.Host != "shop.example.com" {
		t.Fatalf("it prints %s, %v", text, err)
	}
	return *address
}
