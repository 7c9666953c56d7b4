package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mapped are the packages whose files the map of architecture.md lists, those below them included.
var mapped = []string{"auth", "campaign", "linkgen", "ledger", "zotlo", "caddymodule"}

// TestMapListsEveryFile holds the map of files against the folders, in both directions.
func TestMapListsEveryFile(t *testing.T) {
	text := readArchitecture(t)
	for _, folder := range mapped {
		_, section, found := strings.Cut(text, "\n### "+folder+"\n\n```\n")
		if !found {
			t.Errorf("the map has no block for %s", folder)
			continue
		}
		section, _, _ = strings.Cut(section, "```")
		listed := make(map[string]bool)
		for line := range strings.Lines(section) {
			file, says, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case file == "":
			case strings.TrimSpace(says) == "":
				t.Errorf("the map says nothing about %s/%s", folder, file)
			case listed[file]:
				t.Errorf("the map lists %s/%s twice", folder, file)
			default:
				listed[file] = true
			}
		}
		for _, file := range goFiles(t, filepath.Join("..", folder)) {
			if !listed[file] {
				t.Errorf("the map does not list %s/%s", folder, file)
			}
			delete(listed, file)
		}
		for file := range listed {
			t.Errorf("the map lists %s/%s, which does not exist", folder, file)
		}
	}
}

// TestFilesNamedInTheArchitectureExist looks for every file that the page names with its folder.
func TestFilesNamedInTheArchitectureExist(t *testing.T) {
	named := regexp.MustCompile("`([a-z0-9]+/[a-z0-9_/*]+\\.go)`").
		FindAllStringSubmatch(readArchitecture(t), -1)
	if len(named) < 10 {
		t.Fatalf("only %d files are named", len(named))
	}
	for _, m := range named {
		found, err := filepath.Glob(filepath.Join("..", m[1]))
		if err != nil || len(found) == 0 {
			t.Errorf("architecture.md names %s, which does not exist", m[1])
		}
	}
}

func readArchitecture(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goFiles are the Go files in and below a folder, tests and their data aside.
func goFiles(t *testing.T, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "testdata" {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			name, err := filepath.Rel(folder, path)
			files = append(files, filepath.ToSlash(name))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}
