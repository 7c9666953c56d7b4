package main

import (
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

// packageOf type-checks files that import nothing: name → text without its package clause.
func packageOf(t *testing.T, files map[string]string) *source {
	t.Helper()
	s := &source{listed: listed{ImportPath: "example.com/p"}, name: "p", fset: token.NewFileSet()}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := parser.ParseFile(s.fset, name, "package p\n"+files[name], parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, f)
	}
	if err := s.check(nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKnots(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // the members of each knot; knots apart by a semicolon
	}{
		{"a file that calls itself", map[string]string{
			"a.go": `func a() { a() }`,
		}, ""},
		{"three in a row", map[string]string{
			"a.go": `func a() { b() }`,
			"b.go": `func b() { c() }`,
			"c.go": `func c() {}`,
		}, ""},
		{"two that need each other, and one that needs them", map[string]string{
			"a.go": `type T struct{}; func (T) a() { b() }`,
			"b.go": `func b() { T{}.a() }`,
			"c.go": `func c() { b() }`,
		}, "a.go b.go"},
		{"three in a ring, and two", map[string]string{
			"a.go": `const a = b`,
			"b.go": `const b = len(c{})`,
			"c.go": `type c [2]int; func (c) m() { _ = a }`,
			"x.go": `var x = 1; var z = y()`,
			"y.go": `func y() int { return x }`,
		}, "a.go b.go c.go; x.go y.go"},
		{"a field is its struct's", map[string]string{
			"a.go": `type T struct { n int }; func a() { b(T{}) }`,
			"b.go": `func b(t interface{ m() T }) int { return t.m().n }`,
			"c.go": `func (T) m() T { return T{} }`,
		}, "a.go b.go"},
		{"to satisfy an interface is no need", map[string]string{
			"a.go": `type I interface { m() }; func a(i I) { i.m() }`,
			"b.go": `type T struct{}; func (T) m() { a(nil) }`,
		}, ""},
		{"two that need one that is done with", map[string]string{
			"a.go": `func a() {}`,
			"b.go": `func b() { c() }`,
			"c.go": `func c() { b(); a() }`,
		}, "b.go c.go"},
		{"local names need nobody", map[string]string{
			"a.go": `func a() { b := 1; _ = b }`,
			"b.go": `func b() { a() }`,
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, k := range fileGraph(packageOf(t, test.files)).knots() {
				got = append(got, strings.Join(k, " "))
			}
			if got := strings.Join(got, "; "); got != test.want {
				t.Errorf("knots %q, want %q", got, test.want)
			}
		})
	}
}

func TestDescribeBeginsWithWhatIsEasyToCut(t *testing.T) {
	s := packageOf(t, map[string]string{
		"a.go": `type T struct { n int }; func one() { _ = T{n: 1}; b(); c() }`,
		"b.go": `func b() { one() }; func c() {}`,
		"d.go": `func d() { one() }`,
	})
	var got strings.Builder
	fileGraph(s).describe(&got)
	want := "  knot of 2: a.go b.go\n" +
		"    1  b.go -> a.go: one\n" +
		"    2  a.go -> b.go: b, c\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

func TestNamesSayWhoseTheyAre(t *testing.T) {
	s := packageOf(t, map[string]string{
		"a.go": `type T[E any] struct { n E }; func (*T[E]) m() {}; var v int`,
		"b.go": `func b(t *T[int]) { t.m(); _ = t.n; _ = v }`,
	})
	if got := strings.Join(fileGraph(s)["b.go"]["a.go"], " "); got != "T T.m T.n v" {
		t.Errorf("names %q", got)
	}
}
