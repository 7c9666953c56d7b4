package zotlo

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParametersNest(t *testing.T) {
	got := nest([]Field{
		{"partner", "p"},
		{"mmp.adid", "1"},
		{"mmp.idfa", "2"},
		{"empty", ""},
		{"a", "text"},
		{"a.b", "object"},
		{"c.d", "object"},
		{"c", "text"},
	})
	want := map[string]any{
		"partner": "p", "mmp": map[string]any{"adid": "1", "idfa": "2"},
		"a": map[string]any{"b": "object"}, "c": "text",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
