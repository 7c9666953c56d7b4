package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// clicks are counted together. What runs less often than once a click is background work.
const clicks = 100

// entered is a function that every click runs.
type entered struct {
	file string // inside the module
	line int
	name string
}

// clickPath is what one cached click runs, in order of file.
type clickPath struct{ functions []entered }

func (p clickPath) files() int {
	seen := make(map[string]bool)
	for _, f := range p.functions {
		seen[f.file] = true
	}
	return len(seen)
}

func (p clickPath) describe(w io.Writer) {
	for i, f := range p.functions {
		if i == 0 || f.file != p.functions[i-1].file {
			fmt.Fprintf(w, "  %s\n", f.file)
		}
		fmt.Fprintf(w, "    %4d  %s\n", f.line, f.name)
	}
}

// click builds the command click with counters in all packages of the module, runs it, and reads
// which functions it entered at least once a click.
func (m module) click() (clickPath, error) {
	dir, err := os.MkdirTemp("", "house")
	if err != nil {
		return clickPath{}, err
	}
	defer os.RemoveAll(dir)
	counters, atExit := filepath.Join(dir, "counters"), filepath.Join(dir, "exit")
	for _, d := range []string{counters, atExit} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return clickPath{}, err
		}
	}
	binary, profile := filepath.Join(dir, "click"), filepath.Join(dir, "profile")
	for _, args := range [][]string{
		{
			"go", "build", "-cover", "-covermode=atomic", "-coverpkg=" + m.path + "/...",
			"-o", binary, "./internal/house/click",
		},
		{binary, counters, strconv.Itoa(clicks)},
		{"go", "tool", "covdata", "textfmt", "-i=" + counters, "-o=" + profile},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = m.dir
		cmd.Env = append(os.Environ(), "GOCOVERDIR="+atExit) // the process's end is no click
		if out, err := cmd.CombinedOutput(); err != nil {
			return clickPath{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		return clickPath{}, err
	}
	return m.readProfile(string(text))
}

// readProfile finds the functions whose first block ran at least once a click. A function literal
// counts as one, so that nothing is gained by hiding a step in it. The harness and the sandbox are
// not the module's.
func (m module) readProfile(profile string) (clickPath, error) {
	counts, err := m.beginnings(profile)
	if err != nil {
		return clickPath{}, err
	}
	var p clickPath
	for name, blocks := range counts {
		fset := token.NewFileSet()
		file := filepath.Join(m.dir, name)
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return clickPath{}, err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			var body *ast.BlockStmt
			what := "function literal"
			switch n := n.(type) {
			case *ast.FuncDecl:
				body, what = n.Body, funcName(n)
			case *ast.FuncLit:
				body = n.Body
			}
			if body == nil {
				return true
			}
			at := fset.Position(body.Lbrace)
			if blocks[fmt.Sprintf("%d.%d", at.Line, at.Column)] {
				p.functions = append(p.functions, entered{name, at.Line, what})
			}
			return true
		})
	}
	slices.SortFunc(p.functions, func(a, b entered) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
	return p, nil
}

// beginnings says of each file where the blocks begin, as line.column, that ran at least once a
// click.
func (m module) beginnings(profile string) (map[string]map[string]bool, error) {
	begin := make(map[string]map[string]bool)
	for line := range strings.Lines(profile) {
		file, block, ok := strings.Cut(strings.TrimSpace(line), ".go:")
		name, ours := strings.CutPrefix(file, m.path+"/")
		if !ok || !ours || strings.HasPrefix(name, "internal/house/") ||
			strings.HasPrefix(name, "sandbox/") {
			continue
		}
		count, err := strconv.Atoi(block[strings.LastIndexByte(block, ' ')+1:])
		if err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
		if count < clicks {
			continue
		}
		if begin[name+".go"] == nil {
			begin[name+".go"] = make(map[string]bool)
		}
		at, _, _ := strings.Cut(block, ",")
		begin[name+".go"][at] = true
	}
	return begin, nil
}

// funcName is a declared function's name with its receiver's type.
func funcName(fn *ast.FuncDecl) string {
	if recv := receiver(fn); recv != "" {
		return recv + "." + fn.Name.Name
	}
	return fn.Name.Name
}

// receiver is the name of the type that a method is of, "" for a function.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
