package linkgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	whatwg "github.com/nlnwa/whatwg-url/url"
)

// The tests of this file look at decoding and link check alone, because fuzzing wants them fast. What a whole call makes
// of an answer is in the tests of faults.

func TestWhereTheLinkMayBe(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"as documented":          {`{"meta":{"requestId":"r","httpStatus":200},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"without meta":           {`{"result":{"onelink":"https://a/"}}`, "https://a/"},
		"meta null":              {`{"meta":null,"result":{"onelink":"https://a/"}}`, "https://a/"},
		"meta an array":          {`{"meta":[],"result":{"onelink":"https://a/"}}`, "https://a/"},
		"error code 0":           {`{"meta":{"errorCode":0},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"error code \"0\"":       {`{"meta":{"errorCode":"0"},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"error code empty":       {`{"meta":{"errorCode":""},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"error code null":        {`{"meta":{"errorCode":null},"result":{"onelink":"https://a/"}}`, "https://a/"},
		"one level down":         {`{"result":{"form":{"onelink":"https://b/"}}}`, "https://b/"},
		"two places one level":   {`{"result":{"b":{"onelink":"https://b/"},"a":{"onelink":"https://a/"}}}`, "https://a/"},
		"the nearer one":         {`{"onelink":"https://c/","result":{"onelink":"https://a/","form":{"onelink":"https://b/"}}}`, "https://a/"},
		"at the top":             {`{"onelink":"https://c/","result":[]}`, "https://c/"},
		"unknown members":        {`{"x":[1,{"y":2}],"result":{"z":null,"onelink":"https://a/","padding":"x"}}`, "https://a/"},
		"not mended":             {`{"result":{"onelink":" https://a/"}}`, " https://a/"},
		"escaped":                {`{"result":{"onelink":"https:\/\/a\/"}}`, "https://a/"},
		"two levels down is far": {`{"result":{"a":{"b":{"onelink":"https://a/"}}}}`, ""},
		"another name":           {`{"result":{"oneLink":"https://a/"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := readAnswer(http.StatusOK, []byte(c.body))
			if a.link != c.want {
				t.Errorf("found %q, want %q", a.link, c.want)
			}
			if e := a.judge(); (e == nil) != (c.want != "") {
				t.Errorf("judged %v", e)
			}
		})
	}
}

func TestCodesAndRequestIDsFitALogLine(t *testing.T) {
	for raw, want := range map[string]string{
		`"eu-1_REQ.2:3"`:                        "eu-1_REQ.2:3",
		`12345`:                                 "12345",
		`"line\nbreak"`:                         "",
		`"a b"`:                                 "",
		`"ada@example.com"`:                     "",
		`{"x":1}`:                               "",
		`"` + strings.Repeat("a", 65) + `"`:     "",
		`"` + strings.Repeat("a", 64) + `"`:     strings.Repeat("a", 64),
		`"\u001b[31mred"`:                       "",
		`true`:                                  "",
		`"400009"`:                              "400009",
		`"https://pay.example.com/secret-link"`: "",
	} {
		a := readAnswer(400, []byte(`{"meta":{"requestId":`+raw+`}}`))
		if a.requestID != want {
			t.Errorf("%s became %q, want %q", raw, a.requestID, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"meta":{"requestId":"x","httpStatus":200},"result":{"onelink":"https://pay.example.com/a"}}`,
		`{"meta":{"requestId":"x","httpStatus":400,"errorMessage":"m","errorCode":400009},"result":[]}`,
		`{"meta":{"errorCode":"500000"},"result":{"form":{"onelink":"https://pay.example.com/a"}}}`,
		`{"onelink":1,"result":null,"meta":[]}`, `[]`, `null`, `{"result":"{\"onelink\":\"https://a/\"}"}`,
	} {
		f.Add(200, []byte(seed))
	}
	results := Results()
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := readAnswer(status, body)
		e := a.judge()
		if e == nil {
			if status != http.StatusOK || a.code != "" || !json.Valid(body) || a.link == "" {
				t.Errorf("status %d, code %q, link %q: counted as good", status, a.code, a.link)
			}
			return
		}
		if publicTexts[e.Reason] == "" || !slices.Contains(results, e.result) || e.cause == nil {
			t.Errorf("an error outside the closed sets: %+v", e)
		}
		if e.Code != label(e.Code) || e.RequestID != label(e.RequestID) {
			t.Errorf("code %q or request id %q do not fit a log line", e.Code, e.RequestID)
		}
	})
}

// Whatever passes the check leads a browser to the host that we saw.
func FuzzCheckLink(f *testing.F) {
	for _, seed := range []string{
		"https://pay.example.com/a", "https://pay.example.com:8443/?x#y", "https://0x7f.1/", "https:\\\\evil", "https://a@b/",
		"https://xn--a/", "https://pay.example.com./", "https://127.0.0.1", "https://1.2.3/", "https://a.b:443?#/@",
		"https://20000000000000000000A", // a number to some readers, a name to others
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, link string) {
		if checkLink(link, linkHosts{}, "shop.example.com") != nil {
			return
		}
		for i := range len(link) {
			if link[i] <= ' ' || link[i] >= 0x7f || link[i] == '\\' {
				t.Fatalf("%q holds byte %#x", link, link[i])
			}
		}
		u, err := whatwg.Parse(link)
		if err != nil {
			if strings.Contains(strings.ToLower(link), "xn--") {
				return // not every such label is punycode; a browser goes nowhere then
			}
			t.Fatalf("%q is no URL for a browser: %v", link, err)
		}
		authority := link[len("https://"):]
		if end := strings.IndexAny(authority, "/?#"); end >= 0 {
			authority = authority[:end]
		}
		host, _, _ := strings.Cut(strings.ToLower(authority), ":")
		got := strings.TrimSuffix(u.Hostname(), ".")
		if u.Scheme() != "https" || u.Username() != "" || got != strings.TrimSuffix(host, ".") || got == "shop.example.com" {
			t.Fatalf("%q: a browser goes to %q", link, got)
		}
	})
}

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

func TestEveryReasonHasAPublicText(t *testing.T) {
	for _, r := range []Reason{Limited, Busy, Throttled, Refused, UntrustedLink, Unavailable, Timeout, Left, Panicked} {
		if text := (&Error{Reason: r}).Error(); text == "" || strings.Contains(text, string(r)+":") {
			t.Errorf("%s: %q", r, text)
		}
	}
	if (&Error{Reason: "new"}).Error() == "" {
		t.Error("an unknown reason has no text")
	}
}

func TestCodesInsideA200(t *testing.T) {
	for code, want := range map[string]Reason{
		"429001": Throttled, "500000": Unavailable, "503001": Unavailable, "400008": Refused, "404039": Refused, "5": Refused, "x": Refused,
	} {
		e := readAnswer(http.StatusOK, []byte(`{"meta":{"errorCode":"`+code+`"},"result":[]}`)).judge()
		if e == nil || e.Reason != want || e.Code != code {
			t.Errorf("%s: %+v, want %s", code, e, want)
		}
	}
}

// What strangers can make us remember has a bound; the least recently used goes.
func TestLRU(t *testing.T) {
	l := newLRU[int, string](2)
	l.put(1, "a")
	l.put(2, "b")
	l.put(1, "c")
	l.getOrMake(3, func() string { return "d" })
	if _, found := l.get(2); found {
		t.Error("the least recently used stayed")
	}
	if v, found := l.get(1); !found || v != "c" {
		t.Errorf("found %q, %v", v, found)
	}
	l.delete(1)
	l.delete(1)
	if l.order.Len() != 1 || len(l.items) != 1 {
		t.Errorf("%d in order, %d items", l.order.Len(), len(l.items))
	}
}

func TestCausesAreInOurWords(t *testing.T) {
	for want, err := range map[string]error{
		"name lookup failed":             &url.Error{Op: "Post", URL: "x", Err: &net.OpError{Err: &net.DNSError{Err: "no such host", Name: "private"}}},
		"TLS certificate not accepted":   &tls.CertificateVerificationError{Err: x509.HostnameError{Host: "private"}},
		"not a TLS server":               tls.RecordHeaderError{Msg: "private"},
		"TLS handshake refused":          tls.AlertError(40),
		"connection reset by peer":       &net.OpError{Op: "read", Err: syscall.ECONNRESET},
		"context deadline exceeded":      &url.Error{Err: context.DeadlineExceeded},
		"connection closed before":       fmt.Errorf("private: %w", io.ErrUnexpectedEOF),
		"no usable HTTP answer (*errors": errors.New("private"),
		"no usable HTTP answer (*fmt":    fmt.Errorf("private %w", errors.ErrUnsupported),
	} {
		got := safeCause(err).Error()
		if !strings.HasPrefix(got, want) || strings.Contains(got, "private") {
			t.Errorf("%v became %q, want %q", err, got, want)
		}
	}
}
