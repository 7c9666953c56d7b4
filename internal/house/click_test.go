package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProfileCountsWhatEveryClickEnters(t *testing.T) {
	m := module{dir: t.TempDir(), path: "example.com/m"}
	const text = `package p

type T struct{}

func (t *T) Every() {
	defer func() {
		println()
	}()
}

func rare() {
	println()
}
`
	if err := os.WriteFile(filepath.Join(m.dir, "a.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := m.readProfile(`mode: atomic
example.com/m/a.go:5.21,6.15 1 100
example.com/m/a.go:6.15,8.3 1 100
example.com/m/a.go:11.13,13.2 1 99
example.com/m/sandbox/a.go:5.21,6.15 1 100
example.com/m/internal/house/click/main.go:5.21,6.15 1 100
example.com/other/a.go:5.21,6.15 1 100
`)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	p.describe(&got)
	want := "  a.go\n       5  T.Every\n       6  function literal\n"
	if got.String() != want || p.files() != 1 {
		t.Errorf("%d files:\n%swant\n%s", p.files(), got.String(), want)
	}
}
