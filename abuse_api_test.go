package checkout_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/sandbox"
)

// quiet is where servers complain about clients that hang up.
var quiet = log.New(io.Discard, "", 0)

func TestAbuse37InnerHosts(t *testing.T) {
	setDocumentedEnv(t)
	for _, line := range []string{
		"api_url http://169.254.169.254", "api_url http://api.zotlo.com", "api_url ftp://api.zotlo.com", "api_url //api.zotlo.com", "api_url https://u:p@api.zotlo.com",
		"api_url {http.request.host}", "api_url https://{http.request.header.X-Api}", "api_url gopher://127.0.0.1",
	} {
		site := "\nshop.example.com {\n\tcheckout_link /upgrade {\n\t\tlink_id 1\n\t\tjwt {\n\t\t\tsecret {env.JWT_SECRET}\n\t\t\tfrom cookie session\n\t\t}\n\t}\n}\n"
		refusesToLoad(t, fragment("option", line)+site, "api_url")
	}
	for _, line := range []string{"jwks http://169.254.169.254/keys", "jwks http://id.example.com/keys", "issuer http://id.example.com", "jwks https://{http.request.host}/keys"} {
		word, _, _ := strings.Cut(line, " ")
		refusesToLoad(t, fragment("jwt", line+"\naudience shop"), word)
	}
}

func TestAbuse37RedirectsOfTheAPI(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer trap.Close()
	s := openShop(t, guarded)
	for i, status := range []int{301, 302, 303, 307, 308} {
		s.zotlo.Fail(sandbox.Custom(status, http.Header{"Location": {trap.URL}}, ""))
		s.denied(t, fmt.Sprint(status), s.visit(t, "/upgrade", as(person(i))), http.StatusBadGateway)
	}
	if reached.Load() != 0 {
		t.Error("the access secret was carried to another host")
	}
}

func TestAbuse38BadLinks(t *testing.T) {
	t.Parallel()
	s := openShop(t, guarded)
	for i, link := range []string{
		"javascript:alert(1)", "data:text/html,x", "http://pay.example.com/", "//evil.example/", "/upgrade", "https://user@evil.example/", "https://pay.example.com\\@evil.example/",
		"https://pay.example.com/\r\nSet-Cookie: a=b", "https:///evil.example", "https://pay.example.com:99999/", " https://pay.example.com/", "https://pay.example.com/" + strings.Repeat("a", 5000),
		"https://[::1]/", "https://0x7f000001/", "https://pay.example.com/\x00", "https://pаy.example.com/",
	} {
		s.zotlo.Fail(sandbox.WrongLink(link))
		for _, accept := range []string{"", "application/json"} {
			got := s.visit(t, "/upgrade", as(person(i)), header("Accept", accept))
			s.denied(t, fmt.Sprintf("%.60q", link), got, http.StatusBadGateway)
			if strings.Contains(got.body, "evil") || strings.Contains(got.body, "://") {
				t.Errorf("%.60q: the answer is %s", link, got.body)
			}
		}
	}
	s.zotlo.Heal()
	s.wantLinkOf(t, ann, s.visit(t, "/upgrade", as(ann)))
	wantNone(t, "the log", s.log.String(), "evil.example")

	listed := openShop(t, strings.Replace(guarded, "api_url {$API}\n", "api_url {$API}\n\t\tlink_hosts pay.example.com:8443\n", 1))
	listed.denied(t, "a host that is not listed", listed.visit(t, "/upgrade", as(ann)), http.StatusBadGateway)
}

func TestAbuse40HostileAPI(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	io.CopyN(z, zeros{}, 32<<20)
	z.Close()
	good := `{"meta":{},"result":{"onelink":"https://pay.example.com/x"}}`
	for name, fault := range map[string]sandbox.Fault{
		"a megabyte": sandbox.Huge(1 << 20), "HTML": sandbox.NotJSON(), "cut off": sandbox.CutOff(), "reset": sandbox.Reset(),
		"an error in 200": sandbox.ErrorInside200(sandbox.CodeSubscriberID), "204": sandbox.Custom(204, nil, ""), "half": sandbox.Custom(200, nil, good[:30]),
		"two":      sandbox.Custom(200, nil, good+good),
		"bomb":     sandbox.Custom(200, http.Header{"Content-Encoding": {"gzip"}}, bomb.String()),
		"a number": sandbox.Custom(200, nil, `{"result":{"onelink":1}}`), "an array": sandbox.Custom(200, nil, "["+good+"]"),
		"deep": sandbox.Custom(200, nil, strings.Repeat(`{"result":`, 10_000)),
		"302":  sandbox.Custom(302, http.Header{"Location": {"https://evil.example"}}, good),
	} {
		t.Run(name, func(t *testing.T) {
			m := overHTTP(t)
			m.zotlo.Fail(fault)
			e := m.miss(t, ann, linkgen.Refused, linkgen.Unavailable, linkgen.UntrustedLink)
			if text := e.Error() + fmt.Sprint(e.Cause()); strings.Contains(text, "evil") || strings.Contains(text, ann) {
				t.Errorf("the error tells: %s", text)
			}
			m.zotlo.Heal()
			m.hit(t, ben)
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// overHTTP is a maker with a real connection to the stand-in.
func overHTTP(t *testing.T) *maker {
	t.Helper()
	var api *httptest.Server
	m := newMaker(t, func(c *linkgen.Config) {
		api = httptest.NewUnstartedServer(nil)
		api.Config.ErrorLog = quiet
		c.Projects[0].APIURL, c.Transport = "http://"+api.Listener.Addr().String(), nil
		c.Limits.Timeout = time.Second
	})
	api.Config.Handler = m.zotlo
	api.Start()
	t.Cleanup(api.Close)
	return m
}

func TestAbuse41DrippingAPI(t *testing.T) {
	m := overHTTP(t)
	m.zotlo.Fail(sandbox.Slow(time.Hour))
	m.miss(t, ann, linkgen.Timeout)
	m.zotlo.Heal()
	m.hit(t, ben)
}

func TestAbuse42StormOf429(t *testing.T) {
	for _, retryAfter := range []string{"", "0", "-1", "1000000000", "Fri, 31 Dec 2100 23:59:59 GMT", "soon", "1.5", "99999999999999999999"} {
		t.Run(retryAfter, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMaker(t)
				m.zotlo.Fail(sandbox.RateLimited(retryAfter))
				for i := range 100 {
					if e := m.miss(t, person(i), linkgen.Throttled); e.RetryAfter < 0 || e.RetryAfter > 60*time.Second {
						t.Errorf("shoppers are told to come back after %s", e.RetryAfter)
					}
				}
				m.wantCalls(t, 1, 5)
				m.zotlo.Heal()
				time.Sleep(61 * time.Second)
				m.hit(t, ann)
			})
		})
	}
}

func TestAbuse43OneBadSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaker(t)
		m.zotlo.FailIf(func(r sandbox.Request) bool { return r.Body["subscriberId"] == "eve@example.com" }, sandbox.BadRequest(sandbox.CodeSubscriberID))
		for i := range 50 {
			m.miss(t, "eve@example.com", linkgen.Refused)
			m.hit(t, person(i))
		}
		m.wantCalls(t, 51, 51)
		time.Sleep(61 * time.Second)
		m.miss(t, "eve@example.com", linkgen.Refused)
		m.wantCalls(t, 52, 52)
	})
}

func TestAbuse44Outage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaker(t, func(c *linkgen.Config) { c.TTL = 20 * time.Minute })
		early := m.hit(t, ann).URL
		m.zotlo.Fail(sandbox.ServerError())
		asked := 0
		for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); asked++ {
			m.miss(t, person(asked), linkgen.Unavailable)
			if again := m.hit(t, ann); again.URL != early {
				t.Fatal("a link that was there was lost")
			}
			time.Sleep(200 * time.Millisecond)
		}
		if n := m.zotlo.Calls(); n > asked/10 {
			t.Errorf("%d shoppers in an outage made %d calls", asked, n)
		}
		m.zotlo.Heal()
		time.Sleep(10 * time.Second)
		calls := m.zotlo.Calls()
		for i := range 200 { // no herd: one call each
			m.hit(t, person(10_000+i))
		}
		m.wantCalls(t, calls+200, calls+200)
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
	m := newMaker(t, func(c *linkgen.Config) {
		c.Transport = bug
		c.Hooks.Panic = func(any, []byte) { told.Add(1) }
	})
	if e := m.miss(t, ann, linkgen.Panicked); strings.Contains(e.Error(), ann) {
		t.Errorf("the shopper is told %q", e)
	}
	m.miss(t, ben, linkgen.Unavailable) // the process lives
	if told.Load() != 1 {
		t.Errorf("%d panics were reported", told.Load())
	}
}
