package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestHeldFunctions has a.go call a function that it does not name. It needs the file that puts the
// function there all the same.
func TestHeldFunctions(t *testing.T) {
	const caller = `type T struct { f func() }; func (t T) a() { t.f() }
		var v func(); var list []func()`
	for _, test := range []struct {
		name, a, b, c string
		want          string // what a.go needs
	}{
		{"a key of a literal", caller, `var b = T{f: func() {}}`, ``, "b.go"},
		{"a literal's place", caller, `var b = T{func() {}}`, ``, "b.go"},
		{"a pointer in a list", caller, `var b = []*T{{f: func() {}}}`, ``, "b.go"},
		{"an assignment", caller, `func b(t *T) { t.f = func() {} }`, ``, "b.go"},
		{"a third file's function", caller, `var b = T{f: c}`, `func c() {}`, "b.go c.go"},
		{
			"a third file's method", caller, `func b(x C) T { return T{f: x.m} }`,
			`type C int; func (C) m() {}`, "b.go c.go",
		},
		{
			"through a parameter", caller + `; func set(t *T, f func()) { t.f = f }`,
			`func b() { set(nil, c) }`, `func c() {}`, "b.go c.go",
		},
		{
			"through a variable", caller, `func b() T { f := c; return T{f: f} }`,
			`func c() {}`, "b.go c.go",
		},
		{
			"a variable of the package", caller + `; func a() { v() }`,
			`func b() { v = func() {} }`, ``, "b.go",
		},
		{
			"a list of functions", caller + `; func a() { list[0]() }`,
			`func b() { list = append(list, c) }`, `func c() {}`, "b.go c.go",
		},
		{
			"a generic type", `type G[E any] struct { f func(E) }; func (g G[E]) a(e E) { g.f(e) }`,
			`var b = G[int]{f: func(int) {}}`, ``, "b.go",
		},
		{"nobody reads it", caller, `func b() { v = func() {} }`, ``, ""},
		{
			"a file that only sets, too", `func a() { v = func() {} }`,
			`var v func()`, `func c() { v = func() {} }`, "b.go",
		},
		{
			"a field without a function", `type T struct { n int }; func (t T) a() { _ = t.n }`,
			`var b = T{n: 1}`, ``, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"a.go": test.a, "b.go": test.b, "c.go": test.c}
			g := fileGraph(packageOf(t, files))
			if got := strings.Join(slices.Sorted(maps.Keys(g["a.go"])), " "); got != test.want {
				t.Errorf("a.go needs %q, want %q", got, test.want)
			}
		})
	}
}
