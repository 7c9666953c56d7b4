package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/sandbox"
)

func TestAbuse55BadKeys(t *testing.T) {
	setDocumentedEnv(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	privatePEM := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	t.Setenv("SHORT", "short")
	t.Setenv("EMPTY", "")
	t.Setenv("PRIVATE_PEM", privatePEM)
	for _, tt := range [][2]string{
		{"public_key " + file("empty.pem", ""), "public_key"},
		{"public_key " + file("cut.pem", privatePEM[:40]), "public_key"},
		{"public_key " + file("private.pem", privatePEM), "public_key"},
		{"public_key " + dir + "/missing.pem", "public_key"},
		{"public_key " + dir, "public_key"},
		{"secret {env.SHORT}", "secret"},
		{"secret {env.EMPTY}", "EMPTY"},
		{"secret {env.NOBODY_HAS_SET_THIS}", "NOBODY_HAS_SET_THIS"},
		{"secret {env.PRIVATE_PEM}", "secret"},
		{"secret {env.JWT_SECRET}\njwks https://id.example.com/keys\naudience shop", "jwks"},
		{"jwks " + file("keys.json", `{"keys":[]}`) + "\naudience shop", "jwks"},
		{"jwks https://id.example.com/keys", "audience"},
		{"secret {env.JWT_SECRET}\nalgorithms none", "algorithms"},
		{"secret {env.JWT_SECRET}\nleeway 10m", "leeway"},
	} {
		refusesToLoad(t, fragment("jwt", tt[0]), tt[1])
	}
	if err := loads(fragment("jwt", "secret {env.JWT_SECRET}")); err != nil {
		t.Error(err)
	}
}

// Secrets come from the environment and stay there; one that is written down is warned of.
func TestAbuse56Secrets(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	s.WantLinkOf(t, ann, s.Click(t, ann, "/lifetime"))
	s.Zotlo.Fail(sandbox.BadCredentials())
	s.Click(t, ben, "/lifetime")
	badReload := s.Reload(strings.Replace(shoptest.Selling, "from cookie session",
		"from cookie session\n\t\t\talgorithms HS512", 1))
	if badReload == nil {
		t.Fatal("a secret that is too short for HS512 loads")
	}
	s.MustReload(t, shoptest.Selling)
	all := append(shoptest.Secrets(), shoptest.HookToken)
	for where, text := range map[string]string{
		"/config/":      s.Admin(t, "/config/"),
		"autosave.json": shoptest.Read(t, filepath.Join(s.Dir, "config", "caddy", "autosave.json")),
		"the log":       s.Log.String(), "the metrics": s.Click(t, "", "/metrics").Text,
		"campaigns": s.Admin(t, "/checkout/campaigns"),
		"the error": badReload.Error(),
	} {
		shoptest.WantNone(t, where, text, all...)
	}
	s.MustReload(t,
		strings.Replace(shoptest.Selling, "{env.HOOK_TOKEN}", "written-down-for-all-to-see", 1))
	if !s.Logged("a secret stands in the configuration in clear") {
		t.Error("the operator is not warned")
	}
}

// A shopper's data are in none of the places that others read.
func TestAbuse57PersonalData(t *testing.T) {
	t.Parallel()
	const filtered = `	log {
		format filter {
			resp_headers>Location delete
			resp_headers>Hx-Redirect delete
			resp_headers>X-Inertia-Location delete
			request>uri query {
				delete from
			}
		}
	}
`
	s := shoptest.Open(t, strings.Replace(guarded, "\tlog\n", filtered, 1))
	personal := []string{
		"canary-mail@example.com", "canary-name", "+905559876543", "905559876543", "canary-sub",
	}
	canary := map[string]any{
		"name": personal[1], "phone_number": personal[2], "sub": personal[4],
	}
	token := tokenOf(claims(personal[0], canary))
	phone := tokenOf(claims("", canary, map[string]any{"email": nil}))
	for _, text := range []string{token, phone} {
		got := s.Send(t, "/upgrade", bearing(text))
		link, known := s.Zotlo.Link(got.Header.Get("Location"))
		if !known {
			t.Fatalf("no link: %s", got.Status)
		}
		personal = append(personal, link.ID, text, text[len(text)-20:])
		s.Send(t, "/upgrade", bearing(text+"x"))
		s.Send(t, "/upgrade", bearing(text), header("Accept", "application/json"))
	}
	s.Zotlo.Fail(sandbox.BadRequest(sandbox.CodeSubscriberID))
	s.Send(t, "/upgrade?from=elsewhere", bearing(token))
	s.Zotlo.Fail(sandbox.ServerError())
	s.Send(t, "/upgrade?from=everywhere", bearing(token))
	if !s.Logged(`"checkout_outcome":"refused"`) {
		t.Error("the failure is not in the access log")
	}
	for where, text := range map[string]string{
		"the log": s.Log.String(), "the metrics": s.Send(t, "/metrics").Text,
		"campaigns":     s.Admin(t, "/checkout/campaigns"),
		"the stacks":    s.Admin(t, "/debug/pprof/goroutine?debug=2"),
		"the variables": s.Admin(t, "/debug/vars"),
	} {
		shoptest.WantNone(t, where, text, personal...)
	}
	for line := range strings.SplitSeq(s.Log.String(), "\n") {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["user_id"] != nil &&
			entry["user_id"] != "" {
			t.Errorf("Caddy's log names a user: %s", line)
		}
	}
}
