package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestProofsStandWhereTheySay looks for every test that the abuse table of security.md names, in the
// package that it names. What is proven by reading names no test.
func TestProofsStandWhereTheySay(t *testing.T) {
	text, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	const rows = 70
	table := regexp.MustCompile(`(?m)^\| (\d+) \| .* \| (.*) \|$`).
		FindAllStringSubmatch(string(text), -1)
	if len(table) != rows {
		t.Fatalf("the table has %d rows, want %d", len(table), rows)
	}
	place := regexp.MustCompile("^(?:`([a-z0-9/]+)`|(root)): (.*)$")
	tests := make(map[string]string)
	for _, row := range table {
		for proof := range strings.SplitSeq(row[2], "; ") {
			m := place.FindStringSubmatch(proof)
			if m == nil {
				continue
			}
			folder := filepath.Join("..", m[1])
			if tests[folder] == "" {
				tests[folder] = testNames(t, folder)
			}
			for name := range strings.SplitSeq(m[3], ", ") {
				if !strings.Contains(tests[folder], " "+name+" ") {
					t.Errorf("row %s: there is no %s in %s", row[1], name, m[1]+m[2])
				}
			}
		}
	}
	if len(tests) < 5 {
		t.Errorf("tests of %d packages are named: the pattern is not the table's", len(tests))
	}
}

// testNames are the tests and fuzz targets of a package, with a blank around each.
func testNames(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	name, all := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`), " "
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(text), -1) {
			all += m[1] + " "
		}
	}
	return all
}
