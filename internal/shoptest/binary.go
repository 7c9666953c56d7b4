package shoptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/internal/testsize"
)

// ModulePath is the import path of this project's root.
const ModulePath = "github.com/caddy-checkout/checkout"

// binDir holds the binary that the tests build.
var binDir string

// Main runs a package's tests and removes what was built for them. It returns the exit code.
func Main(m *testing.M) int {
	var err error
	if binDir, err = os.MkdirTemp("", "checkout"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(binDir)
	return m.Run()
}

// binary builds the production binary once, with the race detector where the tests have it.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binDir, "caddy")
	args := []string{"build", "-o", path}
	if testsize.Race {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, ModulePath+"/cmd/caddy")...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("building cmd/caddy: %w\n%s", err, out)
	}
	return path, err
})
