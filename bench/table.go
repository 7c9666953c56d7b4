package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table is what a part prints.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// print writes the table for a terminal, or as Markdown.
func (t *table) print(w io.Writer, markdown bool) {
	separator := "  "
	if markdown {
		separator = " | "
	}
	fmt.Fprintf(w, "\n%s\n\n", t.title)
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(row []string) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		}
		text := strings.Join(cells, separator)
		if markdown {
			text = "| " + text + " |"
		}
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
	line(t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = strings.Repeat("-", widths[i])
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	for _, note := range t.notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
}
