package e2e_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

var (
	fences       = regexp.MustCompile("(?ms)^( *)```([a-z]*)([^\n]*)\n(.*?)^ *```[ ]*$")
	inlineCode   = regexp.MustCompile("`[^`\n]*`")
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings     = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	unlinkable   = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

// markdownFiles lists the documentation.
func markdownFiles(t *testing.T) []string {
	t.Helper()
	files := []string{}
	for _, pattern := range []string{"*.md", "*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Fatal("no documentation")
	}
	return files
}

// codeBlock is a fenced block of a Markdown file.
type codeBlock struct {
	place   string // file and line
	heading string // the last one above it
	info    string // what stands after the language
	text    string
}

// codeBlocks finds the fenced blocks in one language. Blocks in lists may be indented.
func codeBlocks(t *testing.T, file, language string) []codeBlock {
	t.Helper()
	text := shoptest.Read(t, file)
	var blocks []codeBlock
	for _, at := range fences.FindAllStringSubmatchIndex(text, -1) {
		group := func(n int) string { return text[at[2*n]:at[2*n+1]] }
		if group(2) == language {
			blocks = append(blocks, codeBlock{
				place:   fmt.Sprintf("%s:%d", file, strings.Count(text[:at[8]], "\n")+1),
				heading: lastHeading(text[:at[0]]),
				info:    strings.TrimSpace(group(3)),
				text:    regexp.MustCompile(`(?m)^`+group(1)).ReplaceAllString(group(4), ""),
			})
		}
	}
	return blocks
}

func lastHeading(text string) string {
	all := headings.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1][1]
}

// hasHeading looks for a heading by the anchor that GitHub gives it.
func hasHeading(t *testing.T, file, anchor string) bool {
	t.Helper()
	for _, m := range headings.FindAllStringSubmatch(fences.ReplaceAllString(shoptest.Read(t, file),
		""), -1) {
		words := strings.ToLower(unlinkable.ReplaceAllString(m[1], ""))
		if strings.ReplaceAll(words, " ", "-") == anchor {
			return true
		}
	}
	return false
}
