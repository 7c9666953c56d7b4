package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	adapter   = "caddymodule"
	maxColumn = 100
	tabWidth  = 4
)

// exportedNames counts the exported names of a package's scope: types, functions, constants and
// variables, each by itself. Methods and fields belong to their types.
func exportedNames(s *source) (names []string) {
	for _, name := range s.types.Scope().Names() {
		if token.IsExported(name) {
			names = append(names, name)
		}
	}
	return names
}

// methodsOf says in which files a type has which methods.
func methodsOf(s *source, typeName string) (methods int, byFile map[string][]string) {
	byFile = make(map[string][]string)
	for _, f := range s.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && receiver(fn) == typeName {
				methods++
				file := s.file(f.Pos())
				byFile[file] = append(byFile[file], fn.Name.Name)
			}
		}
	}
	return methods, byFile
}

// fileLengths are the lengths in lines of a package's files, shortest first.
func fileLengths(s *source) []int {
	var lengths []int
	for _, f := range s.files {
		lengths = append(lengths, s.fset.File(f.FileStart).LineCount())
	}
	slices.Sort(lengths)
	return lengths
}

func median(sorted []int) int {
	if len(sorted) == 0 {
		return 0
	}
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// commentLines counts a package's lines that hold nothing but a comment, and those that are not
// blank.
func commentLines(s *source) (comments, all int, err error) {
	for _, f := range s.files {
		text, err := os.ReadFile(s.fset.Position(f.FileStart).Filename)
		if err != nil {
			return 0, 0, err
		}
		lines := strings.Split(string(text), "\n")
		for _, line := range lines {
			if strings.TrimSpace(line) != "" {
				all++
			}
		}
		for _, group := range f.Comments {
			for _, c := range group.List {
				at := s.fset.Position(c.Pos())
				if strings.TrimSpace(lines[at.Line-1][:at.Column-1]) == "" {
					comments += s.fset.Position(c.End()).Line - at.Line + 1
				}
			}
		}
	}
	return comments, all, nil
}

// namesakes divides a package's test files: those that stand beside a file of the same name, and
// the others.
func namesakes(s *source) (named, others []string) {
	tests := slices.Concat(s.TestGoFiles, s.XTestGoFiles)
	slices.Sort(tests)
	for _, test := range tests {
		if slices.Contains(s.GoFiles, strings.TrimSuffix(test, "_test.go")+".go") {
			named = append(named, test)
		} else {
			others = append(others, test)
		}
	}
	return named, others
}

// tracked lists the files of the working tree that belong to the repository: what Git tracks, and
// what is new and not ignored.
func (m module) tracked() ([]string, error) {
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	cmd.Dir = m.dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	files := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	slices.Sort(files)
	files = slices.Compact(files)
	return slices.DeleteFunc(files, func(name string) bool {
		_, err := os.Stat(filepath.Join(m.dir, name))
		return err != nil // removed, and not yet committed
	}), nil
}

// rootEntries are the names in the root folder that do not begin with a dot.
func rootEntries(files []string) (entries []string) {
	for _, name := range files {
		entry, _, _ := strings.Cut(name, "/")
		if !strings.HasPrefix(entry, ".") && !slices.Contains(entries, entry) {
			entries = append(entries, entry)
		}
	}
	return entries
}

// longLines counts the lines of Go files, and those of them that are too long, by file.
func (m module) longLines(files []string) (lines int, long map[string]int, err error) {
	long = make(map[string]int)
	for _, name := range files {
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.dir, name))
		if err != nil {
			return 0, nil, err
		}
		for line := range strings.Lines(string(text)) {
			lines++
			if columns(strings.TrimRight(line, "\r\n")) > maxColumn {
				long[name]++
			}
		}
	}
	return lines, long, nil
}

func columns(line string) int {
	return utf8.RuneCountInString(line) + strings.Count(line, "\t")*(tabWidth-1)
}

// list writes a heading and one line of names.
func list(w io.Writer, heading string, names []string) {
	fmt.Fprintf(w, "  %s (%d): %s\n", heading, len(names), strings.Join(names, " "))
}
