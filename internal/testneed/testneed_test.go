package testneed

import (
	"os"
	"path/filepath"
	"testing"
)

// recorder is a test that notes how it ended.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Skipf(string, ...any)  { r.skipped = true; panic(r) }
func (r *recorder) Fatalf(string, ...any) { r.failed = true; panic(r) }

func ask(f func(testing.TB) string) (path string, r *recorder) {
	r = new(recorder)
	defer func() { _ = recover() }()
	return f(r), r
}

func TestProgramsAreFoundSkippedOrRequired(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("CHECKOUT_TEST_REQUIRE", "")
	if _, r := ask(Redis); !r.skipped {
		t.Error("a missing program does not skip the test")
	}
	t.Setenv("CHECKOUT_TEST_REQUIRE", "redis,chromium")
	if _, r := ask(Redis); !r.failed {
		t.Error("a missing program that is required does not fail the test")
	}
	if _, r := ask(Chromium); !r.failed {
		t.Error("a missing browser that is required does not fail the test")
	}
	want := filepath.Join(dir, "chromium-browser")
	if err := os.WriteFile(want, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, _ := ask(Chromium); got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestPackagesOfNpmAreFoundSkippedOrRequired(t *testing.T) {
	dir := t.TempDir()
	modules := func(t testing.TB) string { return NodeModules(t, dir) }
	t.Setenv("CHECKOUT_TEST_REQUIRE", "redis")
	if _, r := ask(modules); !r.skipped {
		t.Error("missing packages do not skip the test")
	}
	t.Setenv("CHECKOUT_TEST_REQUIRE", "redis,npm")
	if _, r := ask(modules); !r.failed {
		t.Error("missing packages that are required do not fail the test")
	}
	want := filepath.Join(dir, "node_modules")
	if err := os.Mkdir(want, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, r := ask(modules); !r.failed {
		t.Error("a folder that npm has not finished will do")
	}
	if err := os.WriteFile(filepath.Join(want, ".package-lock.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if path, r := ask(modules); path != want || r.failed || r.skipped {
		t.Errorf("found %q", path)
	}
}

// An interpreter that lacks the library is as good as none, and a later one that has it is taken.
func TestInterpretersNeedTheirLibrary(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("CHECKOUT_TEST_REQUIRE", "")
	ruby := func(t testing.TB) string { return speaks(t, "ruby", []string{"old", "new"}, "-e", "x") }
	for name, text := range map[string]string{"old": "exit 1", "none": "exit 0"} {
		script := "#!/bin/sh\n" + text + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, r := ask(ruby); !r.skipped {
		t.Error("an interpreter without the library does not skip the test")
	}
	t.Setenv("CHECKOUT_TEST_REQUIRE", "redis,ruby")
	if _, r := ask(ruby); !r.failed {
		t.Error("one that is required does not fail the test")
	}
	want := filepath.Join(dir, "new")
	if err := os.WriteFile(want, []byte("#!/bin/sh\nexit 0\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, _ := ask(ruby); got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}
