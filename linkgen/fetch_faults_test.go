package linkgen_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/linkgen"
)

// canary stands in every broken answer; no error may repeat it.
const canary = "CANARY-OF-THE-API"

// stalls send so much and then nothing: they end by our deadline.
func stalls(text string) script {
	return func(c net.Conn) { io.WriteString(c, text); wait(c) }
}

// drips sends text a byte at a time, slower than any deadline.
func drips(head, piece string) script {
	return func(c net.Conn) {
		io.WriteString(c, head)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i = (i + 1) % len(piece) {
			<-tick.C
			if _, err := c.Write([]byte{piece[i]}); err != nil {
				return
			}
		}
	}
}

func bomb() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.CopyN(z, zeros{}, 64<<20)
	z.Close()
	return b.String()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

var (
	jsonHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	good     = `{"meta":{"httpStatus":200},"result":{"onelink":"https://pay.example.com/ada/1"}}`
)

type fault struct {
	name   string
	script script
	want   linkgen.Reason
	result string
}

func faults() []fault {
	const (
		conn, timeout, bad   = "connection", "timeout", "bad_answer"
		unavailable, refused = linkgen.Unavailable, linkgen.Refused
	)
	return []fault{
		{"closed after the request", sends(""), unavailable, conn},
		{"reset after the request", reset(""), unavailable, conn},
		{"reset in the status line", reset("HTTP/1.1 2"), unavailable, conn},
		{"reset in the header", reset(jsonHead + "X-"), unavailable, conn},
		{"reset before the body", reset(jsonHead + "Content-Length: 80\r\n\r\n"), unavailable, conn},
		{"half a body", sends(jsonHead + "Content-Length: 80\r\n\r\n{\"meta\""), unavailable, conn},
		{"half a chunk", sends(jsonHead + "Transfer-Encoding: chunked\r\n\r\n50\r\n{\"meta\""), unavailable, conn},
		{"a broken chunk size", sends(jsonHead + "Transfer-Encoding: chunked\r\n\r\n" + canary + "\r\n"), unavailable, conn},
		{"no HTTP at all", sends(canary + "\r\n\r\n"), unavailable, conn},
		{"a broken header line", sends("HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n"), unavailable, conn},
		{"endless headers", forever(jsonHead, "X-"+canary+": "+strings.Repeat("x", 1000)+"\r\n"), unavailable, conn},
		{"a storm of 1xx", forever("", "HTTP/1.1 103 Early Hints\r\nLink: "+canary+"\r\n\r\n"), unavailable, conn},
		{"two lengths", sends(jsonHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), unavailable, conn},
		{"status of four digits", sends("HTTP/1.1 2000 OK\r\n\r\n"), unavailable, conn},
		{"switched protocols", sends("HTTP/1.1 101 Switching Protocols\r\n\r\n"), refused, bad},

		{"silence", stalls(""), linkgen.Timeout, timeout},
		{"slow headers", drips("HTTP/1.1 200 OK\r\n", "X-Slow: 1\r\n"), linkgen.Timeout, timeout},
		{"a dripping body", drips(jsonHead+"Content-Length: 100000\r\n\r\n", "{"), linkgen.Timeout, timeout},
		{"a body that stops", stalls(jsonHead + "Content-Length: 80\r\n\r\n{"), linkgen.Timeout, timeout},

		{"an endless body", forever(jsonHead+"\r\n", strings.Repeat("x", 4096)), refused, bad},
		{"a body one byte too long", answers(200, good+strings.Repeat(" ", 64<<10-len(good)+1)), refused, bad},
		{"a gzip bomb", answers(200, bomb(), "Content-Encoding", "gzip"), refused, bad},
		{"an empty body", answers(200, ""), refused, bad},
		{"204", sends("HTTP/1.1 204 No Content\r\n\r\n"), refused, bad},
		{"201 with a link", answers(201, good), refused, bad},
		{"206 with a link", answers(206, good), refused, bad},
		{"HTML", answers(200, "<h1>"+canary+"</h1>", "Content-Type", "text/html"), refused, bad},
		{"null", answers(200, "null"), refused, bad},
		{"an array", answers(200, "["+good+"]"), refused, bad},
		{"a text", answers(200, `"https://pay.example.com/"`), refused, bad},
		{"half a JSON", answers(200, good[:40]), refused, bad},
		{"two JSONs", answers(200, good+good), refused, bad},
		{"result is an empty array", answers(200, `{"meta":{},"result":[]}`), refused, bad},
		{"onelink is a number", answers(200, `{"result":{"onelink":1}}`), refused, bad},
		{"onelink is an array", answers(200, `{"result":{"onelink":["https://pay.example.com/"]}}`), refused, bad},
		{"onelink is null", answers(200, `{"result":{"onelink":null}}`), refused, bad},
		{"onelink is empty", answers(200, `{"result":{"onelink":""}}`), refused, bad},

		{"200 with an error code", answers(200, errorBody(400009)), refused, "refused"},
		{"200 with an error code as text", answers(200, errorBody("400009")), refused, "refused"},
		{"200 with a link and an error code", answers(200, `{"meta":{"errorCode":400009},"result":{"onelink":"https://pay.example.com/"}}`), refused, "refused"},
		{"200 with an internal error", answers(200, errorBody(500000)), unavailable, "server_error"},
		{"200 with 401002", answers(200, errorBody(401002)), refused, "credentials"},
		{"200 with an inner 503", answers(200, `{"meta":{"httpStatus":503},"result":[]}`), unavailable, "server_error"},
		{"200 with an inner 429", answers(200, `{"meta":{"httpStatus":429,"errorCode":429001},"result":[]}`), linkgen.Throttled, "throttled"},

		{"400", answers(400, errorBody(400008)), refused, "refused"},
		{"400 cut off", sends("HTTP/1.1 400 Bad Request\r\nContent-Length: 80\r\n\r\n{\"meta\""), refused, "refused"},
		{"403 without JSON", answers(403, canary), refused, "refused"},
		{"404 of another kind", answers(404, errorBody(404039)), refused, "refused"},
		{"404001", answers(404, errorBody(404001)), refused, "credentials"},
		{"404 without JSON", answers(404, canary), refused, "credentials"},
		{"401 without JSON", answers(401, canary), refused, "credentials"},
		{"400 with 401002 as text", answers(400, errorBody("401002")), refused, "credentials"},
		{"429", answers(429, errorBody(429001), "Retry-After", "60"), linkgen.Throttled, "throttled"},
		{"500", answers(500, errorBody(500000)), unavailable, "server_error"},
		{"400 with 500000", answers(400, errorBody(500000)), unavailable, "server_error"},
		{"502 of a proxy", answers(502, "<h1>"+canary+"</h1>"), unavailable, "server_error"},
		{"503 with a huge body", forever("HTTP/1.1 503 Service Unavailable\r\n\r\n", canary), unavailable, "server_error"},

		{"a javascript link", answers(200, `{"result":{"onelink":"javascript:alert('`+canary+`')"}}`), linkgen.UntrustedLink, "untrusted_link"},
		{"a link by http", answers(200, `{"result":{"onelink":"http://pay.example.com/`+canary+`"}}`), linkgen.UntrustedLink, "untrusted_link"},
		{"a link with a line break", answers(200, `{"result":{"onelink":"https://pay.example.com/\r\n`+canary+`"}}`), linkgen.UntrustedLink, "untrusted_link"},
		{"a link of 5 KB", answers(200, `{"result":{"onelink":"https://pay.example.com/`+strings.Repeat("a", 5000)+`"}}`), linkgen.UntrustedLink, "untrusted_link"},
	}
}

func TestFaultsOfTheAPI(t *testing.T) {
	if n := len(faults()); n < 30 {
		t.Fatalf("only %d faults", n)
	}
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			server := newRawServer(t)
			s := set(t, at(server.url()), limits(linkgen.Limits{Timeout: time.Second}))
			defer s.g.Close()
			server.late.Store(&f.script)
			e := s.refused("ada", f.want)
			tellsNothing(t, e)
			if s.told.results[f.result] == 0 {
				t.Errorf("results %v, want %q", s.told.results, f.result)
			}
			server.late.Store(nil)
			if f.result != "credentials" && f.result != "throttled" { // these pause the project, see the tests of pauses
				o := orderOf("ada")
				o.Variant = "another" // what was refused is remembered, what was not asked yet must work at once
				s.hitOrder(o, linkgen.FromAPI)
			}
		})
	}
}

// tellsNothing checks that an error's texts hold nothing of the answer, the shopper or the secrets.
func tellsNothing(t testing.TB, e *linkgen.Error) {
	t.Helper()
	if e.Cause() == nil {
		t.Error("no cause for the log")
		return
	}
	for _, text := range []string{e.Error(), e.Cause().Error(), fmt.Sprintf("%+v", e), e.Code, e.RequestID} {
		for _, private := range []string{canary, "private words", "secret-1", "key-1", "app-1", "ada", "pay.example.com"} {
			if strings.Contains(text, private) {
				t.Errorf("the error tells %q: %s", private, text)
			}
		}
	}
}

func TestConnectionFaultsBeforeTheRequest(t *testing.T) {
	for name, early := range map[string]script{
		"closed at once": sends(""),
		"reset at once":  reset(""),
		"speaks first":   sends("SSH-2.0-" + canary + "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newRawServer(t)
			s := set(t, at(server.url()), limits(linkgen.Limits{Timeout: time.Second}))
			defer s.g.Close()
			server.early.Store(&early)
			tellsNothing(t, s.refused("ada", linkgen.Unavailable))
			server.early.Store(nil)
			s.hit("ada", linkgen.FromAPI)
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		server := newRawServer(t)
		server.close()
		s := set(t, at(server.url()))
		e := s.refused("ada", linkgen.Unavailable)
		tellsNothing(t, e)
		if !strings.Contains(e.Cause().Error(), "refused") {
			t.Errorf("the log would not say that the connection was refused: %v", e.Cause())
		}
	})
}

// The secret is in a header, and net/http carries headers of its own naming to whatever host a
// redirect names.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var arrived atomic.Int64
			elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { arrived.Add(1) })
			api := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(status)
			})
			s := set(t, at(api.URL))
			defer s.g.Close()
			s.refused("ada", linkgen.Refused)
			if arrived.Load() != 0 {
				t.Error("the request went on to the other host")
			}
		})
	}
}

func TestRedirectToNowhere(t *testing.T) {
	s := set(t, at(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://[::1")
		w.WriteHeader(http.StatusFound)
	}).URL))
	defer s.g.Close()
	s.refused("ada", linkgen.Refused)
}
