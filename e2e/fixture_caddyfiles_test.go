package e2e_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-checkout/checkout"
	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// fragments are what surrounds a piece of a Caddyfile. A Markdown block says in its info string
// which one it needs: ```caddyfile fragment=site. A block that says nothing is a whole Caddyfile.
var fragments = map[string]string{
	"": "%s",
	"site": `{
	checkout {
		jwt {
			secret {env.JWT_SECRET}
			from cookie session
		}
		offers {
			secret {env.OFFER_SECRET}
		}
		campaign pro {
			link_id 123
			package pro-monthly
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
var required = map[string][]struct{ options, line string }{
	"jwt": {
		{"secret|public_key|jwks|issuer", "secret {env.JWT_SECRET}"},
		{"from", "from cookie session"},
	},
	"campaign": {{"link_id|variant", "link_id 123"}},
}

func fragment(kind, text string) string {
	for _, r := range required[kind] {
		if !regexp.MustCompile(`(?m)^(` + r.options + `)\b`).MatchString(text) {
			text = r.line + "\n" + text
		}
	}
	return fmt.Sprintf(fragments[kind], text)
}

// loads reports what loading a Caddyfile says, without serving it.
func loads(caddyfile string) error {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		return err
	}
	var cfg caddy.Config
	if err := caddy.StrictUnmarshalJSON(config, &cfg); err != nil {
		return err
	}
	return caddy.Validate(&cfg)
}

// refusesToLoad checks that a Caddyfile does not load, and that the error names what is wrong.
func refusesToLoad(t *testing.T, caddyfile string, says ...string) {
	t.Helper()
	err := loads(caddyfile)
	if err == nil {
		t.Errorf("it loads:\n%s", caddyfile)
		return
	}
	for _, word := range says {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not name %q: %v", word, err)
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
	t.Setenv("JWT_SECRET", shoptest.JWTSecret)
	t.Setenv("JWT_SECRET_OLD", base64.StdEncoding.EncodeToString([]byte(shoptest.JWTSecret)))
	t.Setenv("LEGACY_SECRET", shoptest.JWTSecret)
	t.Setenv("OFFER_SECRET", offerSecret)
	t.Setenv("ZOTLO_WEBHOOK_TOKEN", "a-token-that-opens-nothing")
	t.Setenv("ZOTLO_WEBHOOK_TOKEN_OLD", "another-that-opens-nothing")
	t.Setenv("EVENTS_TOKEN", "a-token-that-tells-nobody")
	t.Setenv("LEDGER_SECRET", "a-secret-that-opens-nothing")
	t.Setenv("LEDGER_SECRET_OLD", "another-that-opens-nothing")
	t.Setenv("REDIS_PASSWORD", "a-password-of-nobody")
}
