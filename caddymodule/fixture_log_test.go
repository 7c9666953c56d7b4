package caddymodule_test

import (
	"os"
	"path/filepath"
	"strings"
)

// logged is all that Caddy wrote to its log.
func (o *office) logged() string {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(o.dir, "log.json"))
	if err != nil {
		o.t.Fatal(err)
	}
	return string(text)
}

// logLines are the office's log lines that hold the text.
func (o *office) logLines(text string) []string {
	o.t.Helper()
	all, err := os.ReadFile(filepath.Join(o.dir, "log.json"))
	if err != nil {
		o.t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(all)) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// warns checks that exactly n log lines hold the first text, and each of them all the others.
func (o *office) warns(n int, text string, also ...string) {
	o.t.Helper()
	lines := o.logLines(text)
	if len(lines) != n {
		o.t.Fatalf("%d lines hold %q, want %d: %v", len(lines), text, n, lines)
	}
	for _, line := range lines {
		for _, part := range also {
			if !strings.Contains(line, part) {
				o.t.Errorf("%q is missing in %s", part, line)
			}
		}
	}
}
