package main

import (
	"strings"
	"testing"
)

func TestNodeWithoutItsPackages(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := measureNode(t.Context(), new(lab)); err == nil ||
		!strings.Contains(err.Error(), "npm ci --prefix bench/node") {
		t.Errorf("got %v, want what to install", err)
	}
}
