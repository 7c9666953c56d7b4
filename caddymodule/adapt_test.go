package caddymodule_test

import (
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/google/go-cmp/cmp"

	_ "github.com/caddy-checkout/checkout/caddymodule"
)

var update = flag.Bool("update", false, "write the adapted JSON or the error into testdata/adapt")

// ruler separates a Caddyfile from what it must become.
const ruler = "\n----------\n"

// TestAdapt adapts every file in testdata/adapt: a Caddyfile, a ruler, and the JSON or the error
// that it must give. What adapts must also load, be formatted, and bring no warning.
func TestAdapt(t *testing.T) {
	t.Setenv("ZOTLO_ACCESS_KEY", "access-key")
	t.Setenv("ZOTLO_ACCESS_SECRET", "access-secret-access-secret")
	t.Setenv("ZOTLO_APPLICATION_KEY", "application-key")
	t.Setenv("JWT_SECRET", "0123456789abcdef0123456789abcdef")
	t.Setenv("JWT_SECRET_OLD",
		base64.StdEncoding.EncodeToString([]byte("an older key, 32 bytes or longer")))
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source, want, _ := strings.Cut(string(text), ruler)
			got := adapt(t, source+"\n")
			if *update {
				if err := os.WriteFile(file, []byte(source+ruler+got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.TrimSpace(want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
