package e2e_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testneed"
)

// TestTokenFromTheShell creates a token as the README says, and clicks with it.
func TestTokenFromTheShell(t *testing.T) {
	t.Parallel()
	testneed.OpenSSL(t)
	for _, b := range codeBlocks(t, "README.md", "sh") {
		script, curl, found := strings.Cut(b.text, "curl ")
		if !found {
			continue
		}
		cmd := exec.Command("sh", "-euc", script+`printf %s "$token"`)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "JWT_SECRET=" + shoptest.JWTSecret}
		token, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if want := `--cookie "session=$token"`; !strings.Contains(curl, want) {
			t.Errorf("the request %q does not say %s", curl, want)
		}
		s := shoptest.Open(t, plain)
		s.WantLinkOf(t, ann, s.Send(t, "/upgrade", bearing(string(token))))
		return
	}
	t.Error("README.md shows no request")
}
