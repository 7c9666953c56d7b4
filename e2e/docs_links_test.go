package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// TestLinksInTheDocs checks that every relative link leads to a file, and to a heading if it names
// one.
func TestLinksInTheDocs(t *testing.T) {
	for _, file := range markdownFiles(t) {
		prose := inlineCode.ReplaceAllString(fences.ReplaceAllString(shoptest.Read(t, file), ""),
			"")
		for _, m := range markdownLink.FindAllStringSubmatch(prose, -1) {
			target, heading, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, ":") { // another site
				continue
			}
			path := file
			if target != "" {
				path = filepath.Join(filepath.Dir(file), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if heading != "" && !hasHeading(t, path, heading) {
				t.Errorf("%s links to %s, but there is no such heading", file, m[1])
			}
		}
	}
}

// TestNothingIsLeftToSay refuses notes to ourselves in what others read.
func TestNothingIsLeftToSay(t *testing.T) {
	notes := regexp.MustCompile(`(?i)\b(TODO|FIXME|XXX|TBD|lorem ipsum)\b`)
	for _, file := range append(markdownFiles(t), "Caddyfile.example") {
		for i, line := range strings.Split(shoptest.Read(t, file), "\n") {
			if note := notes.FindString(line); note != "" {
				t.Errorf("%s:%d: %s", file, i+1, note)
			}
		}
	}
}
