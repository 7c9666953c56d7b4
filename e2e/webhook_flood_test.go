package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-checkout/checkout/internal/shoptest"
	"github.com/caddy-checkout/checkout/internal/testsize"
)

// Anyone who does not know the token can neither kill a link nor fill the memory.
func TestFloodOfWrongTokens(t *testing.T) {
	t.Parallel()
	s := shoptest.OpenSelling(t, shoptest.Selling)
	link := s.Sold(t, ann, "/lifetime")
	forged := fmt.Sprintf(`{"queue":{"type":"TransactionInsert","requestID":"%%d"},`+
		`"parameters":{"subscriber_id":%q,"filler":%q}}`,
		ann, strings.Repeat("x", 10_000))
	post := func(i int, token string) (int, error) {
		resp, err := s.Client.Post("http://"+shoptest.Host+shoptest.HookPath+token,
			"application/json", strings.NewReader(fmt.Sprintf(forged, i)))
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
					status, err := post(i, fmt.Sprintf("guess-%d", i))
					if err != nil || status != http.StatusUnauthorized {
						t.Errorf("guess %d: %d, %v", i, status, err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	guesses := testsize.Of(10_000)
	flood(0, guesses/5) // buffers and the runtime's own appetite
	before := s.ResidentMemory()
	flood(guesses/5, guesses)
	if grown := s.ResidentMemory() - before; grown > 32<<20 {
		t.Errorf("%d wrong tokens cost %d MiB", guesses, grown>>20)
	}
	s.WantSum(t, shoptest.Webhooks, `result="refused",type="_other"`, float64(guesses))
	s.WantSum(t, shoptest.Webhooks, `type="payment"`, 0)
	if next := s.Sold(t, ann, "/lifetime"); next.URL != link.URL {
		t.Error("a forged webhook killed a link")
	}
	s.WantCalls(t, 1)
	shoptest.WantNone(t, "the log", s.Log.String(), ann)
}
