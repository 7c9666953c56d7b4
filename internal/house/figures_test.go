package main

import (
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestColumns(t *testing.T) {
	for line, want := range map[string]int{"": 0, "abc": 3, "\t\tx": 9, "é…": 2} {
		if got := columns(line); got != want {
			t.Errorf("%q: %d columns, want %d", line, got, want)
		}
	}
}

func TestMedian(t *testing.T) {
	for want, sorted := range map[int][]int{0: nil, 5: {1, 5, 6}, 4: {1, 3, 5, 6}} {
		if got := median(sorted); got != want {
			t.Errorf("median of %v: %d, want %d", sorted, got, want)
		}
	}
}

func TestExportedNamesAreThoseOfTheScope(t *testing.T) {
	s := packageOf(t, map[string]string{
		"a.go": `type T struct { Field int }; func (T) Method() {}; type hidden int`,
		"b.go": `func New() T { return T{} }; const ( One = iota; Two; three ); var ErrX, e error`,
	})
	if got := strings.Join(exportedNames(s), " "); got != "ErrX New One T Two" {
		t.Errorf("names %q", got)
	}
}

func TestMethodsOfATypeAndTheirFiles(t *testing.T) {
	s := packageOf(t, map[string]string{
		"a.go": `type App struct{}; func (App) A() {}; func (*App) B() {}; func App2() {}`,
		"b.go": `type Other struct{}; func (o *Other) App() {}; func (a *App) C() {}`,
	})
	if n, files := methodsOf(s, "App"); n != 3 || len(files) != 2 {
		t.Errorf("%d methods in %v, want 3 in 2 files", n, files)
	}
}

func TestCommentLines(t *testing.T) {
	dir := t.TempDir()
	const text = `// Package p is
// two lines of comment.
package p

/* and
two */
const a = "// none" // nor this

	// one more
`
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &source{listed: listed{Dir: dir, GoFiles: []string{"a.go"}}, fset: token.NewFileSet()}
	if err := s.parse(); err != nil {
		t.Fatal(err)
	}
	if comments, all, err := commentLines(s); comments != 5 || all != 7 || err != nil {
		t.Errorf("%d comment lines of %d, %v; want 5 of 7", comments, all, err)
	}
}

func TestNamesakes(t *testing.T) {
	s := &source{listed: listed{
		GoFiles:     []string{"a.go", "b.go"},
		TestGoFiles: []string{"b_test.go"}, XTestGoFiles: []string{"a_test.go", "a_more_test.go"},
	}}
	named, others := namesakes(s)
	if !slices.Equal(named, []string{"a_test.go", "b_test.go"}) ||
		!slices.Equal(others, []string{"a_more_test.go"}) {
		t.Errorf("named %v, others %v", named, others)
	}
}

func TestRootEntries(t *testing.T) {
	got := rootEntries([]string{".ci/run", ".gitignore", "auth/a.go", "auth/b.go", "doc.go"})
	if !slices.Equal(got, []string{"auth", "doc.go"}) {
		t.Errorf("entries %v", got)
	}
}
