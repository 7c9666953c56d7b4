package checkout_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-checkout/checkout"
)

// fragments are what surrounds a piece of a Caddyfile. A Markdown block says in its info string which one it needs:
// ```caddyfile fragment=site. A block that says nothing is a whole Caddyfile.
var fragments = map[string]string{
	"": "%s",
	"site": `{
	checkout {
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		campaign pro {
			link_id 123
			quote 9.99 EUR
		}
		campaign black-friday {
			link_id 124
			quote 49.00 EUR
		}
	}
}
shop.example.com {
	%s
}`,
	"option": `{
	checkout {
		%s
	}
}`,
	"jwt": `{
	checkout {
		jwt {
			%s
		}
	}
}`,
	"campaign": `{
	checkout {
		campaign example {
			%s
		}
	}
}`,
}

// required is what a fragment may leave out because it tells of something else.
var required = map[string][]struct{ word, line string }{
	"jwt": {
		{"secret|public_key|jwks|issuer", "secret {env.JWT_SECRET}"},
		{"from", "from cookie session"},
	},
	"campaign": {{"link_id|variant", "link_id 123"}},
}

// TestCaddyfilesInTheDocs loads every Caddyfile that the documentation shows, as a reader would paste it.
func TestCaddyfilesInTheDocs(t *testing.T) {
	setDocumentedEnv(t)
	t.Run("Caddyfile.example", func(t *testing.T) { wantLoads(t, "", read(t, "Caddyfile.example")) })
	for _, file := range markdownFiles(t) {
		for _, b := range codeBlocks(t, file, "caddyfile") {
			t.Run(b.place, func(t *testing.T) { wantLoads(t, strings.TrimPrefix(b.info, "fragment="), b.text) })
		}
	}
}

// wantLoads checks that a Caddyfile, or a fragment of one, is formatted, adapts without a warning and loads.
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
		if !regexp.MustCompile(`(?m)^(` + r.word + `)\b`).MatchString(text) {
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

// TestConfigurationsInTheDocs loads every JSON that the documentation shows as a whole configuration; any other must be JSON.
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

func wantValid(t *testing.T, config []byte) {
	t.Helper()
	var cfg caddy.Config
	if err := caddy.StrictUnmarshalJSON(config, &cfg); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Validate(&cfg); err != nil {
		t.Errorf("%v, in\n%s", err, config)
	}
}

// setDocumentedEnv sets the environment variables that the documentation speaks of.
func setDocumentedEnv(t *testing.T) {
	t.Helper()
	for _, prefix := range []string{"ZOTLO", "PARTNERS"} {
		for _, key := range []string{"ACCESS_KEY", "ACCESS_SECRET", "APPLICATION_KEY"} {
			t.Setenv(prefix+"_"+key, "a-key-that-opens-nothing")
		}
	}
	t.Setenv("JWT_SECRET", jwtSecret)
	t.Setenv("JWT_SECRET_OLD", base64.StdEncoding.EncodeToString([]byte(jwtSecret)))
	t.Setenv("ZOTLO_WEBHOOK_TOKEN", "a-token-that-opens-nothing")
}

// filesHere leads the paths of the keys that a shop would have to a key of the test.
func filesHere(t *testing.T, text string) string {
	t.Helper()
	return regexp.MustCompile(`/etc/shop/[\w.-]+\.pem`).ReplaceAllStringFunc(text, func(string) string {
		public, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "session.pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	})
}
