package filestore_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Power may fail at any moment, and takes with it what was not synced. What was answered with
// success is there nevertheless.
//
// The proof: the test of powercutdisk_test.go runs with a copy of bbolt whose one function that
// syncs also tells a disk of the test. That disk has only what was synced, and any of the sectors
// that were written since. Without its syncs the same
// test must fail, or it would prove nothing.
func TestPowerCut(t *testing.T) {
	for name, test := range map[string]struct {
		sync  string
		fails bool
	}{
		"synced":     {"if SyncHook != nil { SyncHook(db.path) }; return systemSync(db)", false},
		"not synced": {"return nil", true},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command("go", "test", "-tags", "powercut", "-count=1", "-vet=off",
				"-modfile", modfile(t, test.sync), "-run", "^TestDisk$", ".").CombinedOutput()
			lost := strings.Contains(string(out), "FAIL: TestDisk")
			if (err != nil) != test.fails || lost != test.fails {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

// modfile is a copy of the go.mod with a copy of bbolt that syncs in this way.
func modfile(t *testing.T, body string) string {
	t.Helper()
	folder := t.TempDir()
	module, source := goList(t, "{{.Module.GoMod}}", "."), goList(t, "{{.Dir}}", "go.etcd.io/bbolt")
	bolt := filepath.Join(folder, "bbolt")
	if err := os.CopyFS(bolt, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	hookSync(t, bolt, body)
	for ext, more := range map[string]string{
		".mod": "\nreplace go.etcd.io/bbolt => " + bolt + "\n",
		".sum": "",
	} {
		content, err := os.ReadFile(strings.TrimSuffix(module, ".mod") + ext)
		if err != nil {
			t.Fatal(err)
		}
		err = os.WriteFile(filepath.Join(folder, "go"+ext), append(content, more...), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "go.mod")
}

func goList(t *testing.T, format, pkg string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", format, pkg).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// hookSync replaces the functions that sync, of which each system has one.
func hookSync(t *testing.T, folder, body string) {
	t.Helper()
	syncs := regexp.MustCompile(`(?m)^func fdatasync\(db \*DB\) error \{$`)
	hooked := "func fdatasync(db *DB) error { " + body + " }\n\nfunc systemSync(db *DB) error {"
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !syncs.Match(source) {
			continue
		}
		n++
		source = syncs.ReplaceAll(source, []byte(hooked))
		err = errors.Join(os.Chmod(name, 0o600), os.WriteFile(name, source, 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		t.Fatal("bbolt has no function fdatasync any more")
	}
	hook := []byte("package bbolt\n\nvar SyncHook func(path string)\n")
	if err := os.WriteFile(filepath.Join(folder, "synchook.go"), hook, 0o600); err != nil {
		t.Fatal(err)
	}
}
