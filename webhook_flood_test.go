package checkout_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

// Whoever does not know the token can neither kill a link nor fill the memory.
func TestFloodOfWrongTokens(t *testing.T) {
	t.Parallel()
	s := openSellingShop(t, selling)
	link := s.sold(t, ann, "/lifetime")
	forged := fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"%%d"},"parameters":{"subscriber_id":%q,"filler":%q}}`,
		ann, strings.Repeat("x", 10_000))
	post := func(i int, token string) (int, error) {
		resp, err := s.client.Post("http://"+shopHost+hookPath+token, "application/json", strings.NewReader(fmt.Sprintf(forged, i)))
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, err
	}
	flood := func(from, to int) {
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for i := from + worker; i < to; i += 8 {
					if status, err := post(i, fmt.Sprintf("guess-%d", i)); err != nil || status != http.StatusUnauthorized {
						t.Errorf("guess %d: %d, %v", i, status, err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	guesses := 10_000
	if raceEnabled {
		guesses = 1000
	}
	flood(0, guesses/5) // buffers and the runtime's own appetite
	before := residentMemory(t, s.process)
	flood(guesses/5, guesses)
	if grown := residentMemory(t, s.process) - before; grown > 32<<20 {
		t.Errorf("%d wrong tokens cost %d MiB", guesses, grown>>20)
	}
	s.wantSum(t, hooksTotal, `result="refused",type="_other"`, float64(guesses))
	s.wantSum(t, hooksTotal, `type="payment"`, 0)
	if next := s.sold(t, ann, "/lifetime"); next.URL != link.URL {
		t.Error("a forged webhook killed a link")
	}
	s.wantCalls(t, 1)
	wantNone(t, "the log", s.log.String(), ann)
}

// residentMemory reads a process's memory where the system tells it; elsewhere it is 0, and says nothing.
func residentMemory(t *testing.T, p *process) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		t.Logf("the size of a process is not known here: %v", err)
		return 0
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}
