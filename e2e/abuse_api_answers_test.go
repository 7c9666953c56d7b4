package e2e_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
)

func TestAbuse40HostileAPI(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	io.CopyN(z, zeros{}, 32<<20)
	z.Close()
	zipped := http.Header{"Content-Encoding": {"gzip"}}
	away := http.Header{"Location": {"https://evil.example"}}
	good := `{"meta":{},"result":{"onelink":"https://pay.example.com/x"}}`
	for name, fault := range map[string]sandbox.Fault{
		"a megabyte": sandbox.Huge(1 << 20), "HTML": sandbox.NotJSON(), "cut off": sandbox.CutOff(),
		"reset":           sandbox.Reset(),
		"an error in 200": sandbox.ErrorInside200(sandbox.CodeSubscriberID),
		"204":             sandbox.Custom(204, nil, ""),
		"half":            sandbox.Custom(200, nil, good[:30]),
		"two":             sandbox.Custom(200, nil, good+good),
		"bomb":            sandbox.Custom(200, zipped, bomb.String()),
		"a number":        sandbox.Custom(200, nil, `{"result":{"onelink":1}}`),
		"an array":        sandbox.Custom(200, nil, "["+good+"]"),
		"deep":            sandbox.Custom(200, nil, strings.Repeat(`{"result":`, 10_000)),
		"302":             sandbox.Custom(302, away, good),
	} {
		t.Run(name, func(t *testing.T) {
			h := overHTTP(t)
			h.zotlo.Fail(fault)
			e := h.fails(t, ann, linkgen.Refused, linkgen.Unavailable, linkgen.UntrustedLink)
			text := e.Error() + fmt.Sprint(e.Cause())
			if strings.Contains(text, "evil") || strings.Contains(text, ann) {
				t.Errorf("the error tells: %s", text)
			}
			h.zotlo.Heal()
			h.gets(t, ben)
		})
	}
}

func TestAbuse41DrippingAPI(t *testing.T) {
	h := overHTTP(t)
	h.zotlo.Fail(sandbox.Slow(time.Hour))
	h.fails(t, ann, linkgen.Timeout)
	h.zotlo.Heal()
	h.gets(t, ben)
}

func TestAbuse42StormOf429(t *testing.T) {
	for _, retryAfter := range []string{
		"", "0", "-1", "1000000000", "Fri, 31 Dec 2100 23:59:59 GMT", "soon", "1.5",
		"99999999999999999999",
	} {
		t.Run(retryAfter, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t)
				h.zotlo.Fail(sandbox.RateLimited(retryAfter))
				for i := range 100 {
					e := h.fails(t, person(i), linkgen.Throttled)
					if e.RetryAfter < 0 || e.RetryAfter > 60*time.Second {
						t.Errorf("shoppers are told to come back after %s", e.RetryAfter)
					}
				}
				h.wantCalls(t, 1, 5)
				h.zotlo.Heal()
				time.Sleep(61 * time.Second)
				h.gets(t, ann)
			})
		})
	}
}

func TestAbuse43OneBadSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		isEve := func(r sandbox.Request) bool { return r.Body["subscriberId"] == "eve@example.com" }
		h.zotlo.FailIf(isEve, sandbox.BadRequest(sandbox.CodeSubscriberID))
		for i := range 50 {
			h.fails(t, "eve@example.com", linkgen.Refused)
			h.gets(t, person(i))
		}
		h.wantCalls(t, 51, 51)
		time.Sleep(61 * time.Second)
		h.fails(t, "eve@example.com", linkgen.Refused)
		h.wantCalls(t, 52, 52)
	})
}

func TestAbuse44Outage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *linkgen.Config) { c.TTL = 20 * time.Minute })
		early := h.gets(t, ann).URL
		h.zotlo.Fail(sandbox.ServerError())
		asked := 0
		for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); asked++ {
			h.fails(t, person(asked), linkgen.Unavailable)
			if again := h.gets(t, ann); again.URL != early {
				t.Fatal("a link that was there was lost")
			}
			time.Sleep(200 * time.Millisecond)
		}
		if n := h.zotlo.Calls(); n > asked/10 {
			t.Errorf("%d shoppers in an outage made %d calls", asked, n)
		}
		h.zotlo.Heal()
		time.Sleep(10 * time.Second)
		calls := h.zotlo.Calls()
		for i := range 200 { // no herd: one call each
			h.gets(t, person(10_000+i))
		}
		h.wantCalls(t, calls+200, calls+200)
	})
}

// panics is an API adapter with a bug.
type panics struct{ left atomic.Int64 }

func (p *panics) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.left.Add(-1) >= 0 {
		panic("a bug that holds " + ann)
	}
	return nil, http.ErrServerClosed
}

func TestAbuse49Panic(t *testing.T) {
	bug := &panics{}
	bug.left.Store(1)
	var told atomic.Int64
	h := newHarness(t, func(c *linkgen.Config) {
		c.Transport = bug
		c.Hooks.Panic = func(any, []byte) { told.Add(1) }
	})
	if e := h.fails(t, ann, linkgen.Panicked); strings.Contains(e.Error(), ann) {
		t.Errorf("the shopper is told %q", e)
	}
	h.fails(t, ben, linkgen.Unavailable) // the process lives
	if told.Load() != 1 {
		t.Errorf("%d panics were reported", told.Load())
	}
}
