package caddymodule_test

import (
	"os"
	"path/filepath"
	"strings"
)

// logged is all that Caddy wrote to its log.
func (srv *server) logged() string {
	srv.t.Helper()
	text, err := os.ReadFile(filepath.Join(srv.dir, "log.json"))
	if err != nil {
		srv.t.Fatal(err)
	}
	return string(text)
}

// logLines are the server's log lines that hold the text.
func (srv *server) logLines(text string) []string {
	srv.t.Helper()
	all, err := os.ReadFile(filepath.Join(srv.dir, "log.json"))
	if err != nil {
		srv.t.Fatal(err)
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
func (srv *server) warns(n int, text string, also ...string) {
	srv.t.Helper()
	lines := srv.logLines(text)
	if len(lines) != n {
		srv.t.Fatalf("%d lines hold %q, want %d: %v", len(lines), text, n, lines)
	}
	for _, line := range lines {
		for _, part := range also {
			if !strings.Contains(line, part) {
				srv.t.Errorf("%q is missing in %s", part, line)
			}
		}
	}
}
