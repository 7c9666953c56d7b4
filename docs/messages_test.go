// Package docs_test holds what the documentation says against the code, where that is not a
// Caddyfile, a link or the reference.
package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// packages are the folders whose messages an operator reads.
var packages = []string{
	"../caddymodule", "../auth", "../campaign", "../linkgen", "../ledger", "../zotlo",
}

// TestQuotedMessagesAreInTheCode looks for every message that the troubleshooting page quotes, or
// the ledger's page in the first column of a table. What stands between two … must be part of one
// string literal.
func TestQuotedMessagesAreInTheCode(t *testing.T) {
	literals := stringLiterals(t, packages...)
	quotes := quoted(t, "troubleshooting.md", "(?m)^> `(.+)`$")
	quotes = append(quotes, quoted(t, "ledger.md", "(?m)^\\| `(.+?)` \\| ")...)
	for _, quote := range quotes {
		long := 0
		for part := range strings.SplitSeq(quote[1], "…") {
			if part = strings.Trim(part, " :;,{}"); len(part) < 4 {
				continue
			}
			long++
			if !strings.Contains(literals, part) {
				t.Errorf("nothing in the code says %q, quoted in %q", part, quote[1])
			}
		}
		if long == 0 {
			t.Errorf("%q quotes too little to be found", quote[1])
		}
	}
}

// quoted finds what a page quotes in one form. It must be something.
func quoted(t *testing.T, page, form string) [][]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	quotes := regexp.MustCompile(form).FindAllStringSubmatch(string(text), -1)
	if len(quotes) == 0 {
		t.Fatalf("%s quotes no message", page)
	}
	return quotes
}

// TestMessagesLeadToHeadings looks for every page of the documentation, and every heading, that a
// message of the code tells an operator to read.
func TestMessagesLeadToHeadings(t *testing.T) {
	places := regexp.MustCompile(`docs/([a-z]+\.md)(?:#([a-z0-9-]+))?`).
		FindAllStringSubmatch(stringLiterals(t, packages...), -1)
	if len(places) == 0 {
		t.Fatal("no message names a page")
	}
	headings := regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	left := regexp.MustCompile(`[^a-z0-9 -]`) // what GitHub leaves out of an anchor
	for _, place := range places {
		text, err := os.ReadFile(place[1])
		if err != nil {
			t.Errorf("a message leads to %s: %v", place[0], err)
			continue
		}
		found := place[2] == ""
		for _, m := range headings.FindAllStringSubmatch(string(text), -1) {
			anchor := left.ReplaceAllString(strings.ToLower(m[1]), "")
			found = found || strings.ReplaceAll(anchor, " ", "-") == place[2]
		}
		if !found {
			t.Errorf("a message leads to %s, but there is no such heading", place[0])
		}
	}
}

// stringLiterals are all string literals of the packages in and below the folders, each on a line of
// its own; those that are added up are one.
func stringLiterals(t *testing.T, dirs ...string) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				text, ok := constant(e)
				if ok {
					all.WriteString(text + "\n")
				}
				return !ok
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// constant is the value of a string literal, or of several with + between them.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, okLeft := constant(e.X)
		right, okRight := constant(e.Y)
		return left + right, e.Op == token.ADD && okLeft && okRight
	}
	return "", false
}
