package e2e_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// TestCaddyfilesInTheDocs loads every Caddyfile that the documentation shows, as a reader would
// paste it.
func TestCaddyfilesInTheDocs(t *testing.T) {
	setDocumentedEnv(t)
	t.Run("Caddyfile.example", func(t *testing.T) {
		wantLoads(t, "", shoptest.Read(t, "Caddyfile.example"))
	})
	for _, file := range markdownFiles(t) {
		for _, b := range codeBlocks(t, file, "caddyfile") {
			t.Run(b.place, func(t *testing.T) {
				wantLoads(t, strings.TrimPrefix(b.info, "fragment="), b.text)
			})
		}
	}
}

// wantLoads checks that a Caddyfile, or a fragment of one, is formatted, adapts without a warning
// and loads.
func wantLoads(t *testing.T, fragment, text string) {
	t.Helper()
	if got := string(caddyfile.Format([]byte(text))); got != text {
		t.Errorf("`caddy fmt` would write:\n%s", got)
	}
	frame, known := fragments[fragment]
	if !known {
		t.Fatalf("unknown fragment %q", fragment)
	}
	for _, r := range required[fragment] {
		if !regexp.MustCompile(`(?m)^(` + r.options + `)\b`).MatchString(text) {
			text = r.line + "\n" + text
		}
	}
	whole := caddyfile.Format([]byte(fmt.Sprintf(frame, filesHere(t, text))))
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt(whole, nil)
	if err != nil {
		t.Fatalf("%v, in\n%s", err, whole)
	}
	for _, w := range warnings {
		t.Errorf("warning: %s", w)
	}
	wantValid(t, config)
}

// TestConfigurationsInTheDocs loads every JSON that the documentation shows as a whole
// configuration; any other must be JSON.
func TestConfigurationsInTheDocs(t *testing.T) {
	setDocumentedEnv(t)
	for _, file := range markdownFiles(t) {
		for _, b := range codeBlocks(t, file, "json") {
			t.Run(b.place, func(t *testing.T) {
				var top map[string]json.RawMessage
				if err := json.Unmarshal([]byte(b.text), &top); err != nil {
					t.Fatal(err)
				}
				if _, whole := top["apps"]; whole {
					wantValid(t, []byte(filesHere(t, b.text)))
				}
			})
		}
	}
}

// filesHere leads the paths of the files that a shop would have to files of the test: its keys, and
// the table of partners that docs/partners.md shows.
func filesHere(t *testing.T, text string) string {
	t.Helper()
	if strings.Contains(text, tablePath) {
		text = strings.ReplaceAll(text, tablePath, tableOf(t, "docs/partners.md"))
	}
	return regexp.MustCompile(`/etc/shop/[\w.-]+\.pem`).ReplaceAllStringFunc(text,
		func(string) string {
			public, _, err := ed25519.GenerateKey(nil)
			if err != nil {
				t.Fatal(err)
			}
			der, err := x509.MarshalPKIXPublicKey(public)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "session.pem")
			key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
			if err := os.WriteFile(path, key, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		})
}
