package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTables(t *testing.T) {
	tbl := table{title: "Redirects", head: []string{"what", "CPU", ""}}
	tbl.add("ours", "1.5 µs", "met")
	tbl.add("another one", "30.0 µs", "")
	tbl.note("%d pairs.", 41)
	for _, test := range []struct {
		markdown bool
		want     []string
	}{
		{false, []string{
			"what         CPU",
			"-----------  -------  ---",
			"ours         1.5 µs   met",
			"another one  30.0 µs",
		}},
		{true, []string{
			"| what        | CPU     |     |",
			"| ----------- | ------- | --- |",
			"| ours        | 1.5 µs  | met |",
			"| another one | 30.0 µs |     |",
		}},
	} {
		var b strings.Builder
		tbl.print(&b, test.markdown)
		want := "\nRedirects\n\n" + strings.Join(test.want, "\n") + "\n\n41 pairs.\n"
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("markdown %v (-want +got):\n%s", test.markdown, diff)
		}
	}
}
