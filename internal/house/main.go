// Command house measures how the inside of this module is laid out: how long files are, which of
// them all need each other, what a click passes, how many names a package shows. It prints each
// figure beside its goal.
//
//	go run ./internal/house                 the table
//	go run ./internal/house -v              and what the figures are made of
//	go run ./internal/house -click=false    without building and running a server
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	verbose := flag.Bool("v", false, "say what each figure is made of")
	click := flag.Bool("click", true, "measure the click, which builds and runs a server")
	flag.Parse()
	r, err := measure(*click)
	if err != nil {
		fmt.Fprintln(os.Stderr, "house:", err)
		os.Exit(1)
	}
	r.print(os.Stdout, *verbose)
}

// report is the table, and behind each row what it is made of.
type report struct{ rows []row }

type row struct {
	figure, now, goal string
	detail            func(io.Writer) // nil if there is no more to say
}

func (r *report) add(figure, now, goal string, detail func(io.Writer)) {
	r.rows = append(r.rows, row{figure, now, goal, detail})
}

func (r *report) print(w io.Writer, verbose bool) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "figure\tnow\tgoal\n")
	for _, row := range r.rows {
		fmt.Fprintf(t, "%s\t%s\t%s\n", row.figure, row.now, row.goal)
	}
	t.Flush()
	for _, row := range r.rows {
		if verbose && row.detail != nil {
			fmt.Fprintf(w, "\n%s: %s\n", row.figure, row.now)
			row.detail(w)
		}
	}
}

func measure(click bool) (*report, error) {
	m, err := findModule()
	if err != nil {
		return nil, err
	}
	sources, err := m.load()
	if err != nil {
		return nil, err
	}
	r := new(report)
	r.size(sources)
	r.knots(sources)
	r.methods(sources)
	if click {
		p, err := m.click()
		if err != nil {
			return nil, err
		}
		r.add("functions and files entered by one cached click",
			fmt.Sprintf("%d in %d", len(p.functions), p.files()), "<= 55 in <= 25", p.describe)
	}
	r.names(sources)
	if err := r.tree(m); err != nil {
		return nil, err
	}
	if err := r.comments(sources); err != nil {
		return nil, err
	}
	r.tests(sources)
	return r, nil
}

func (r *report) size(sources []*source) {
	for _, s := range sources {
		switch {
		case s.name == adapter:
			l := fileLengths(s)
			r.add("files of "+s.name+", median of their lines",
				fmt.Sprintf("%d, %d", len(l), median(l)), "<= 30 (36 at the end)", nil)
		case strings.HasPrefix(s.name, adapter+"/internal/"):
			r.add("files of "+s.name, fmt.Sprint(len(s.files)), "", nil)
		}
	}
}

func (r *report) knots(sources []*source) {
	for _, s := range sources {
		goal := ""
		if s.name == adapter {
			goal = "<= 10"
		} else if strings.HasPrefix(s.name, adapter+"/") {
			goal = "<= 6"
		}
		g := fileGraph(s)
		r.add("files that all need each other: "+s.name,
			fmt.Sprintf("%d of %d", g.largest(), len(g)), goal, g.describe)
	}
}

func (r *report) methods(sources []*source) {
	for _, s := range sources {
		if s.name != adapter {
			continue
		}
		n, byFile := methodsOf(s, "App")
		now := fmt.Sprintf("%d in %d", n, len(byFile))
		r.add("methods of App, files they are in", now, "", func(w io.Writer) {
			for _, file := range slices.Sorted(maps.Keys(byFile)) {
				list(w, file, byFile[file])
			}
		})
	}
}

func (r *report) names(sources []*source) {
	goals := map[string]string{"auth": "20", "campaign": "22", "linkgen": "35"}
	for _, s := range sources {
		if goals[s.name] != "" {
			names := exportedNames(s)
			now := fmt.Sprint(len(names))
			r.add("exported names of "+s.name, now, "<= "+goals[s.name], func(w io.Writer) {
				list(w, "names", names)
			})
		}
	}
}

// tree measures the repository's files, tests among them.
func (r *report) tree(m module) error {
	files, err := m.tracked()
	if err != nil {
		return err
	}
	entries := rootEntries(files)
	var code, tests int
	for _, name := range entries {
		if strings.HasSuffix(name, ".go") {
			code++
		}
		if strings.HasSuffix(name, "_test.go") {
			tests++
		}
	}
	r.add("entries in the root folder", fmt.Sprint(len(entries)), "<= 25", func(w io.Writer) {
		list(w, "entries", entries)
	})
	r.add("Go files there, tests among them", fmt.Sprintf("%d, %d", code, tests), "2, 1", nil)
	lines, long, err := m.longLines(files)
	if err != nil {
		return err
	}
	total := 0
	for _, n := range long {
		total += n
	}
	r.add("lines over 100 columns", percent(total, lines), "<= 2 %", func(w io.Writer) {
		worst := slices.SortedFunc(maps.Keys(long), func(a, b string) int {
			return cmp.Or(long[b]-long[a], strings.Compare(a, b))
		})
		for _, name := range worst[:min(len(worst), 20)] {
			fmt.Fprintf(w, "  %4d  %s\n", long[name], name)
		}
	})
	return nil
}

// comments adds up the packages under each library's root.
func (r *report) comments(sources []*source) error {
	for _, root := range roots {
		var comments, all int
		for _, s := range sources {
			if root == adapter || s.name != root && !strings.HasPrefix(s.name, root+"/") {
				continue
			}
			c, n, err := commentLines(s)
			if err != nil {
				return err
			}
			comments += c
			all += n
		}
		if all > 0 {
			r.add("comment lines in "+root, percent(comments, all), "20 %", nil)
		}
	}
	return nil
}

func (r *report) tests(sources []*source) {
	for _, s := range sources {
		named, others := namesakes(s)
		if n := len(named) + len(others); n > 0 {
			now := fmt.Sprintf("%d of %d", len(named), n)
			r.add("test files named after a file: "+s.name, now, "", func(w io.Writer) {
				list(w, "named", named)
				list(w, "others", others)
			})
		}
	}
}

func percent(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of)) }
