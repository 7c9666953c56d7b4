package caddymodule

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/google/go-cmp/cmp"
)

// knownOptions asks a block for its options: the error about one that it does not know names all.
func knownOptions(t *testing.T, block string) []string {
	t.Helper()
	config := "_"
	for _, line := range slices.Backward(strings.Split(block, " > ")) {
		config = line + " {\n" + config + "\n}"
	}
	site := ":80 "
	if strings.HasPrefix(block, "checkout ") || block == "checkout" {
		site = "" // the global options
	}
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	_, _, err := adapter.Adapt([]byte(site+"{\n"+config+"\n}"), nil)
	if err == nil {
		t.Fatalf("%s knows the option _", block)
	}
	_, list, ok := strings.Cut(err.Error(), "known here are ")
	if !ok {
		t.Fatalf("%s: %v", block, err)
	}
	list, _, _ = strings.Cut(list, ", at ")
	return strings.Split(list, ", ")
}

// constants are the values of a file's string constants whose names begin with prefix.
func constants(t *testing.T, file, prefix string) []string {
	t.Helper()
	return stringsIn(t, file, func(n ast.Node) []ast.Expr {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, prefix) {
			return v.Values
		}
		return nil
	})
}

// literals are all string literals of a file.
func literals(t *testing.T, file string) []string {
	t.Helper()
	return stringsIn(t, file, func(n ast.Node) []ast.Expr {
		if e, ok := n.(ast.Expr); ok {
			return []ast.Expr{e}
		}
		return nil
	})
}

// stringsIn are the string literals among the expressions that pick finds in a file.
func stringsIn(t *testing.T, file string, pick func(ast.Node) []ast.Expr) (found []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		for _, e := range pick(n) {
			if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil {
					found = append(found, text)
				}
			}
		}
		return true
	})
	return found
}

func withPrefix(names []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !strings.HasPrefix(name, prefix) || strings.ContainsAny(name, ": ")
	})
}

// reference is docs/reference.md: its tables by heading, and its text.
type reference struct {
	text   string
	tables map[string][][]string
}

func readReference(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile("../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	ref := reference{text: string(text), tables: make(map[string][][]string)}
	heading := ""
	for line := range strings.Lines(ref.text) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok &&
			strings.HasPrefix(line, "#") {
			heading = strings.ReplaceAll(strings.TrimSpace(title), "`", "")
		}
		if row := cells(line); row != nil {
			ref.tables[heading] = append(ref.tables[heading], row)
		}
	}
	return ref
}

// cells cuts a table's row that begins with code; it is nil for every other line.
func cells(line string) []string {
	if !strings.HasPrefix(line, "| `") {
		return nil
	}
	row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return row
}

var inlineCode = regexp.MustCompile("`([^`]+)`")

// codes are the pieces of code in a text.
func codes(text string) (found []string) {
	for _, m := range inlineCode.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// firstCodes are what the rows of a table are about: the first piece of code, up to a blank.
func firstCodes(table [][]string) []string {
	names := make([]string, 0, len(table))
	for _, row := range table {
		name, _, _ := strings.Cut(codes(row[0])[0], " ")
		names = append(names, name)
	}
	return names
}

func (r reference) names(heading string) []string { return firstCodes(r.tables[heading]) }

// sentence is the rest of a sentence, wherever its lines break.
func (r reference) sentence(t *testing.T, begin string) string {
	t.Helper()
	_, rest, ok := strings.Cut(strings.Join(strings.Fields(r.text), " "), begin)
	if !ok {
		t.Fatalf("the reference does not say %q", begin)
	}
	text, _, _ := strings.Cut(rest, ".")
	return text
}

// tableAfter is the first table below a paragraph.
func (r reference) tableAfter(t *testing.T, begin string) (table [][]string) {
	t.Helper()
	_, rest, ok := strings.Cut(r.text, "\n"+begin)
	if !ok {
		t.Fatalf("the reference has no paragraph %q", begin)
	}
	for line := range strings.Lines(rest) {
		if row := cells(line); row != nil {
			table = append(table, row)
		} else if table != nil {
			break
		}
	}
	return table
}

// wantSame compares two sets of names.
func wantSame(t *testing.T, what string, inCode, inReference []string) {
	t.Helper()
	set := func(names []string) []string {
		unique := make(map[string]bool)
		for _, name := range names {
			unique[name] = true
		}
		return slices.Sorted(maps.Keys(unique))
	}
	if diff := cmp.Diff(set(inCode), set(inReference)); diff != "" {
		t.Errorf("%s: in the code (-), in the reference (+):\n%s", what, diff)
	}
}

func jsonKeys(of reflect.Type, into map[string]bool) {
	for f := range of.Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && key == "":
			jsonKeys(f.Type, into)
		case key != "" && key != "-":
			into[key] = true
		}
	}
}

// eventFields finds the keys of what an event carries.
func eventFields(n ast.Node) (keys []ast.Expr) {
	list, ok := n.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	if _, ok := list.Type.(*ast.MapType); !ok {
		return nil
	}
	for _, element := range list.Elts {
		keys = append(keys, element.(*ast.KeyValueExpr).Key)
	}
	return keys
}
