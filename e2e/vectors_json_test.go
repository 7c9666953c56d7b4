package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
)

// TestJSONVectors gives the texts of JSONTestSuite to the real binary, each as a claim of a token
// that is good otherwise.
func TestJSONVectors(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(vectors(t, "jsonsuite"), "*.json"))
	if err != nil || len(paths) < 300 {
		t.Fatalf("%d texts (%v)", len(paths), err)
	}
	t.Parallel()
	s := shoptest.Open(t, guarded)
	whole, _ := json.Marshal(claims(ann))
	counts := map[string]int{}
	for _, path := range paths {
		name := filepath.Base(path)
		token := signText(string(whole[:len(whole)-1]) + `,"x":` + shoptest.Read(t, path) + "}")
		for place, how := range map[string]with{
			"cookie": bearing(token), "bearer": header("Authorization", "Bearer "+token),
		} {
			got := s.Send(t, "/upgrade", how)
			accepted := got.StatusCode == http.StatusSeeOther
			if !accepted && got.StatusCode != http.StatusUnauthorized &&
				got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%s as %s: %s", name, place, got.Status)
			}
			// We refuse members that are named twice, which JSON allows; and nothing else that must
			// parse.
			duplicate := strings.Contains(name, "duplicate")
			if strings.HasPrefix(name, "n_") && accepted || duplicate && accepted ||
				strings.HasPrefix(name, "y_") && !duplicate && !accepted {
				t.Errorf("%s as %s: accepted is %t", name, place, accepted)
			}
			family, _, _ := strings.Cut(name, "_")
			counts[fmt.Sprint(family, " ", accepted)]++
		}
	}
	s.WantCalls(t, 1)
	t.Log(counts)
}
