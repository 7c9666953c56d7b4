package e2e_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// TestEveryAbuseRowHasATest holds the list of what may be tried against us to the tests: each row
// of docs/security.md has a test of its number, or says that it is proven by reading.
func TestEveryAbuseRowHasATest(t *testing.T) {
	tested := abuseTests(t)
	row := regexp.MustCompile(`(?m)^\| (\d+) \| .* \| (.*) \|$`)
	rows := row.FindAllStringSubmatch(shoptest.Read(t, "docs/security.md"), -1)
	const count = 70
	if len(rows) != count {
		t.Errorf("the table has %d rows, want %d", len(rows), count)
	}
	for i, row := range rows {
		n, err := strconv.Atoi(row[1])
		if err != nil || n != i+1 {
			t.Errorf("row %q stands where %d belongs", row[1], i+1)
		}
		if !tested[n] && !strings.HasPrefix(row[2], "by reading") {
			t.Errorf("no test is named TestAbuse%02d…", n)
		}
		delete(tested, n)
	}
	for n := range tested {
		t.Errorf("TestAbuse%02d… belongs to no row", n)
	}
}

// abuseTests finds the numbers in the names of all test functions of the module.
func abuseTests(t *testing.T) map[int]bool {
	t.Helper()
	name, found := regexp.MustCompile(`^TestAbuse(\d\d)[A-Z]`), map[int]bool{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && name.MatchString(f.Name.Name) {
				n, _ := strconv.Atoi(name.FindStringSubmatch(f.Name.Name)[1])
				found[n] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
