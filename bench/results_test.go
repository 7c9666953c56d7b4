package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestResultsAreAddedToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	l := &lab{command: "go run ./bench -run start", machine: "a machine"}
	l.keep("start", "ms", 100)
	if err := l.found.addTo(path); err != nil {
		t.Fatal(err)
	}
	l.found = nil
	l.keep("reload", "ms", 5)
	if err := l.found.addTo(path); err != nil {
		t.Fatal(err)
	}
	r, err := readResults(path)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.of("start"); err != nil || n != 100 {
		t.Errorf("start is %v, %v", n, err)
	}
	if got := r["reload"]; got != (figure{5, "ms", "go run ./bench -run start", "a machine"}) {
		t.Errorf("reload is %+v", got)
	}
	if _, err := r.of("stop"); err == nil || !strings.Contains(err.Error(), `"stop"`) {
		t.Errorf("error %v, want one that names the figure", err)
	}
}

// A figure without its command cannot be believed.
func TestCommittedResultsHaveTheirCommands(t *testing.T) {
	r, err := readResults("")
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range r {
		if f.Value <= 0 || f.Unit == "" || f.Machine == "" ||
			!strings.HasPrefix(f.Command, "go run ./bench -run ") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
