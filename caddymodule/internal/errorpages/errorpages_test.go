package errorpages

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/standard"
)

func init() {
	caddy.RegisterModule(new(failing))
	httpcaddyfile.RegisterHandlerDirective("failing",
		func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
			h.Next()
			return new(failing), nil
		})
	httpcaddyfile.RegisterDirectiveOrder("failing", httpcaddyfile.Before, "respond")
}

// failing is a handler that fails with ?status=, and says in a header what the Finder expects.
type failing struct{}

var finder = new(Finder)

func (*failing) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.failing", New: func() caddy.Module { return new(failing) }}
}

func (h *failing) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	status, err := strconv.Atoi(r.URL.Query().Get("status"))
	if err != nil {
		return err
	}
	failure := caddyhttp.Error(status, errors.New("the checkout is busy"))
	w.Header().Set("X-Expected", strconv.FormatBool(finder.Answers(w, r, h, failure)))
	return failure
}

// site is a Caddy that runs a Caddyfile on a socket.
type site struct {
	t      *testing.T
	client *http.Client
}

// run loads a Caddyfile; {$SOCK} is where its sites listen, {$PAGES} a folder with 502.html.
func run(t *testing.T, config string) site {
	t.Helper()
	dir, err := os.MkdirTemp("", "pages") // t.TempDir is too long for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s.sock")
	t.Setenv("SOCK", "unix/"+socket)
	t.Setenv("PAGES", dir)
	if err := os.WriteFile(filepath.Join(dir, "502.html"), []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := []byte(config)
	if strings.HasPrefix(strings.TrimSpace(config), "site") {
		text = []byte("{\n\tadmin off\n\tpersist_config off\n}\n" + config)
	}
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	adapted, _, err := adapter.Adapt([]byte(strings.ReplaceAll(string(text), "site ", "http://")), nil)
	if err != nil {
		t.Fatal(err)
	}
	return load(t, socket, dir, adapted)
}

func load(t *testing.T, socket, dir string, config []byte) site {
	t.Helper()
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
		os.RemoveAll(dir)
	})
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	return site{t, &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

// fails sends a request that fails with a status, and returns what was expected and what came.
func (s site) fails(url string, status int) (expected bool, body string) {
	s.t.Helper()
	res, err := s.client.Get(url + "?status=" + strconv.Itoa(status))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	expected, err = strconv.ParseBool(res.Header.Get("X-Expected"))
	if err != nil {
		s.t.Fatalf("%s: the handler was not reached: %d %s", url, res.StatusCode, text)
	}
	return expected, string(text)
}

// TestWhatIsExpectedIsWhatCaddyDoes runs real sites: the Finder must expect a page exactly where
// Caddy then writes one.
func TestWhatIsExpectedIsWhatCaddyDoes(t *testing.T) {
	const bind = "\n\tbind {$SOCK}\n\tfailing\n"
	for name, tt := range map[string]struct {
		config string
		pages  map[int]bool // by status, at http://a.example/x
	}{
		"none": {"site a.example {" + bind + "}", map[int]bool{403: false, 502: false}},
		"for all": {
			"site a.example {" + bind + "\thandle_errors {\n\t\trespond page\n\t}\n}",
			map[int]bool{403: true, 502: true},
		},
		"403 alone": {
			"site a.example {" + bind + "\thandle_errors 403 {\n\t\trespond page\n\t}\n}",
			map[int]bool{403: true, 401: false, 502: false, 500: false},
		},
		"a class, and one more": {
			"site a.example {" + bind +
				"\thandle_errors 404 5xx {\n\t\trespond page\n\t}\n}",
			map[int]bool{403: false, 404: true, 500: true, 599: true, 429: false},
		},
		"two blocks": {
			"site a.example {" + bind + "\thandle_errors 403 {\n\t\trespond a\n\t}\n" +
				"\thandle_errors 502 {\n\t\trespond b\n\t}\n}",
			map[int]bool{403: true, 502: true, 503: false},
		},
		"another site's": {"site a.example {" + bind + "}\nsite b.example {" + bind +
			"\thandle_errors {\n\t\trespond page\n\t}\n}", map[int]bool{403: false, 502: false}},
		"403 here, all elsewhere": {"site a.example {" + bind +
			"\thandle_errors 403 {\n\t\trespond page\n\t}\n}\nsite b.example {" + bind +
			"\thandle_errors {\n\t\trespond page\n\t}\n}", map[int]bool{403: true, 502: false}},
		"an empty block": {
			"site a.example {" + bind + "\thandle_errors {\n\t}\n}",
			map[int]bool{403: false},
		},
		"only headers": {
			"site a.example {" + bind + "\thandle_errors {\n\t\theader X-Err 1\n\t}\n}",
			map[int]bool{403: false},
		},
		"a matcher on the status": {
			"site a.example {" + bind + "\thandle_errors {\n" +
				"\t\t@busy expression {err.status_code} == 503\n\t\trespond @busy page\n\t}\n}",
			map[int]bool{503: true, 502: false},
		},
		"a matcher on the message": {
			"site a.example {" + bind + "\thandle_errors {\n" +
				"\t\t@busy expression {err.message}.contains(\"busy\")\n\t\trespond @busy page\n\t}\n}",
			map[int]bool{503: true},
		},
		"a matcher that is a path": {"site a.example {" + bind +
			"\thandle_errors {\n\t\trespond /y page\n\t}\n}", map[int]bool{502: false}},
		"the path before a rewrite": {"site a.example {\n\tbind {$SOCK}\n\trewrite /x /y\n\tfailing\n" +
			"\thandle_errors {\n\t\trespond /x page\n\t}\n}", map[int]bool{502: true}},
		"handle blocks": {
			"site a.example {" + bind + "\thandle_errors {\n\t\thandle /y {\n\t\t\t" +
				"respond page\n\t\t}\n\t\thandle {\n\t\t\theader X-Err 1\n\t\t}\n\t}\n}",
			map[int]bool{502: false},
		},
		"a rewrite, then a path": {
			"site a.example {" + bind + "\thandle_errors {\n\t\troute {\n" +
				"\t\t\trewrite * /{err.status_code}\n\t\t\trespond /502 page\n\t\t}\n\t}\n}",
			map[int]bool{502: true, 403: false},
		},
		"vars and map": {
			"site a.example {" + bind + "\thandle_errors {\n\t\troute {\n" +
				"\t\t\tmap {err.status_code} {kind} {\n\t\t\t\t502 ours\n\t\t\t\tdefault theirs\n\t\t\t}\n" +
				"\t\t\tvars k {kind}\n\t\t\t@ours vars k ours\n\t\t\trespond @ours page\n\t\t}\n\t}\n}",
			map[int]bool{502: true, 403: false},
		},
		"vars of the site": {"site a.example {" + bind + "\tvars shop open\n\thandle_errors {\n" +
			"\t\t@open vars shop open\n\t\trespond @open page\n\t}\n}", map[int]bool{502: true}},
		"a file that is there, and one that is not": {"site a.example {" + bind +
			"\thandle_errors {\n\t\troot * {$PAGES}\n\t\trewrite * /{err.status_code}.html\n" +
			"\t\ttemplates\n\t\tfile_server\n\t}\n}", map[int]bool{502: true, 503: false}},
		"an error in the error": {
			"site a.example {" + bind + "\thandle_errors {\n\t\terror 500\n\t}\n}",
			map[int]bool{502: false},
		},
		"a named route": {"&(pages) {\n\t@ours expression {err.status_code} == 502\n" +
			"\trespond @ours page\n}\nsite a.example {" + bind +
			"\thandle_errors {\n\t\tinvoke pages\n\t}\n}", map[int]bool{502: true, 403: false}},
		"the handler in a named route": {
			"&(buy) {\n\tfailing\n}\nsite a.example {\n" +
				"\tbind {$SOCK}\n\tinvoke buy\n\thandle_errors 403 {\n\t\trespond page\n\t}\n}",
			map[int]bool{403: true, 502: false},
		},
		"the handler in blocks": {
			"site a.example {\n\tbind {$SOCK}\n\thandle /x {\n\t\troute {\n" +
				"\t\t\tfailing\n\t\t}\n\t}\n\thandle_errors 403 {\n\t\trespond page\n\t}\n}",
			map[int]bool{403: true, 502: false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := tt.config
			if strings.HasPrefix(config, "&") {
				config = "{\n\tadmin off\n\tpersist_config off\n}\n" + config
			}
			s := run(t, config)
			for status, want := range tt.pages {
				for range 2 { // the second time, what was found is remembered
					expected, body := s.fails("http://a.example/x", status)
					if expected != want || (body != "") != want {
						t.Errorf("%d: expected %v, got %q, want a page: %v", status, expected, body, want)
					}
				}
			}
		})
	}
}

// TestErrorRoutesOfASubroute: JSON can hold error routes anywhere; those around the handler count,
// and no others.
func TestErrorRoutesOfASubroute(t *testing.T) {
	const page = `{"routes":[{"match":[{"expression":"{http.error.status_code} == 403"}],` +
		`"handle":[{"handler":"static_response","body":"page"}]}]}`
	const all = `{"routes":[{"handle":[{"handler":"static_response","body":"all"}]}]}`
	failing := `{"handle":[{"handler":"failing"}]}`
	for name, tt := range map[string]struct {
		routes, errors string
		want           map[int]bool
	}{
		"around it": {
			`[{"handle":[{"handler":"subroute","errors":` + page + `,"routes":[` + failing + `]}]}]`,
			`{}`,
			map[int]bool{403: true, 502: false},
		},
		"beside it": {
			`[{"match":[{"path":["/never"]}],"handle":[{"handler":"subroute","errors":` + all +
				`,"routes":[{"handle":[{"handler":"vars"}]}]}]},` + failing + `]`,
			`{}`,
			map[int]bool{403: false, 502: false},
		},
		"the innermost": {
			`[{"handle":[{"handler":"subroute","errors":` + all + `,"routes":[{"handle":[` +
				`{"handler":"subroute","errors":` + page + `,"routes":[` + failing + `]}]}]}]}]`,
			all,
			map[int]bool{403: true, 502: false},
		},
		"the server's, from two deep": {
			`[{"handle":[{"handler":"subroute","routes":[{"handle":[` +
				`{"handler":"subroute","routes":[` + failing + `]}]}]}]}]`,
			page,
			map[int]bool{403: true, 502: false},
		},
		"the handler in the error routes themselves": {
			`[{"handle":[{"handler":"error"}]}]`,
			`{"routes":[` + failing + `]}`,
			map[int]bool{403: false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "pages")
			if err != nil {
				t.Fatal(err)
			}
			socket := filepath.Join(dir, "s.sock")
			s := load(t, socket, dir, []byte(`{"admin":{"disabled":true,"config":{"persist":false}},
				"apps":{"http":{"servers":{"srv0":{"listen":["unix/`+socket+`"],"routes":`+tt.routes+
				`,"errors":`+tt.errors+`}}}}}`))
			for status, want := range tt.want {
				expected, body := s.fails("http://a.example/x", status)
				if expected != want || (body != "") != want {
					t.Errorf("%d: expected %v, got %q, want a page: %v", status, expected, body, want)
				}
			}
		})
	}
}

// TestARehearsalLeavesNoTrace: the error routes are tried on a copy, so that the site finds its
// request as it was.
func TestARehearsalLeavesNoTrace(t *testing.T) {
	config := `{"routes":[{"handle":[
		{"handler":"rewrite","uri":"/rewritten?x=1","method":"PUT"},
		{"handler":"vars","mine":"theirs"},
		{"handler":"map","source":"{http.error.status_code}","destinations":["{kind}"],
			"defaults":["ours"]},
		{"handler":"headers","response":{"set":{"X-Err":["1"]}}}]}]}`
	pages := new(caddyhttp.HTTPErrorConfig)
	if err := json.Unmarshal([]byte(config), pages); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: t.Context()})
	defer cancel()
	if err := pages.Routes.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	repl, w := caddy.NewReplacer(), httptest.NewRecorder()
	server := &caddyhttp.Server{Errors: pages}
	body := strings.NewReader("body")
	r := caddyhttp.PrepareRequest(httptest.NewRequest(http.MethodPost, "/x?y=2", body), repl, w,
		server)
	caddyhttp.SetVar(r.Context(), "mine", "mine")
	if new(Finder).Answers(w, r, new(failing), caddyhttp.Error(502, errors.New("no"))) {
		t.Error("nothing there writes a page")
	}
	if r.Method != http.MethodPost || r.URL.String() != "/x?y=2" || len(w.Header()) > 0 {
		t.Errorf("the request is now %s %s, the answer has %v", r.Method, r.URL, w.Header())
	}
	for _, key := range []string{"http.error.status_code", "http.error.message", "kind"} {
		if v, ok := repl.Get(key); ok {
			t.Errorf("{%s} is %v", key, v)
		}
	}
	if got := caddyhttp.GetVar(r.Context(), "mine"); got != "mine" {
		t.Errorf("the site's variable is %v", got)
	}
	if text, err := io.ReadAll(r.Body); err != nil || string(text) != "body" {
		t.Errorf("the body is %q, %v", text, err)
	}
}
