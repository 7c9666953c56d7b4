package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// roots are the folders whose packages are measured. One that does not exist is left out.
var roots = []string{"auth", "campaign", "linkgen", "ledger", "zotlo", "sandbox", "caddymodule"}

// listed is what `go list -json` says about a package.
type listed struct {
	ImportPath, Dir, Export            string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Module                             *struct {
		Path string
		Main bool
	}
}

// source is a package of ours, parsed and type-checked without its tests.
type source struct {
	listed
	name  string // its folder inside the module
	fset  *token.FileSet
	files []*ast.File
	types *types.Package
	info  *types.Info
}

// module is ours: where it is, and its path.
type module struct{ dir, path string }

// findModule finds the module that the working directory belongs to.
func findModule() (module, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}\n{{.Path}}").Output()
	if err != nil {
		return module{}, fmt.Errorf("go list -m: %w", err)
	}
	dir, path, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return module{dir, path}, nil
}

// load type-checks the packages under the roots. Imports come from the compiler's export data,
// which `go list -export` builds or finds in its cache, so that only our own sources are parsed.
func (m module) load() ([]*source, error) {
	args := []string{
		"list", "-export", "-deps",
		"-json=ImportPath,Dir,Export,GoFiles,TestGoFiles,XTestGoFiles,Module",
	}
	for _, dir := range roots {
		if _, err := os.Stat(filepath.Join(m.dir, dir)); err == nil {
			args = append(args, "./"+dir+"/...")
		}
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = m.dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := make(map[string]string)
	var ours []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		exports[p.ImportPath] = p.Export
		if p.Module != nil && p.Module.Main {
			ours = append(ours, p)
		}
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var sources []*source
	for _, p := range ours {
		name := strings.TrimPrefix(p.ImportPath, m.path+"/")
		s := &source{listed: p, fset: fset, name: name}
		if !measured(s.name) {
			continue // a helper of ours that they import
		}
		if err := s.parse(); err != nil {
			return nil, err
		}
		if err := s.check(imports); err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func measured(name string) bool {
	for _, root := range roots {
		if name == root || strings.HasPrefix(name, root+"/") {
			return true
		}
	}
	return false
}

func (s *source) parse() error {
	for _, name := range s.GoFiles {
		f, err := parser.ParseFile(s.fset, filepath.Join(s.Dir, name), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		s.files = append(s.files, f)
	}
	return nil
}

func (s *source) check(imports types.Importer) (err error) {
	s.info = &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue),
		Defs:  make(map[*ast.Ident]types.Object),
		Uses:  make(map[*ast.Ident]types.Object),
	}
	s.types, err = (&types.Config{Importer: imports}).Check(s.ImportPath, s.fset, s.files, s.info)
	return err
}

// file is the name of the file that a position is in.
func (s *source) file(pos token.Pos) string {
	return path.Base(filepath.ToSlash(s.fset.Position(pos).Filename))
}
