package routewalk_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/standard"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-checkout/checkout/caddymodule/internal/routewalk"
)

func init() { caddy.RegisterModule(new(shop)) }

// shop is the handler that the walks look for.
type shop struct {
	Says string `json:"says,omitempty"`
}

func (*shop) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.shop", New: func() caddy.Module { return new(shop) }}
}

func (*shop) ServeHTTP(http.ResponseWriter, *http.Request, caddyhttp.Handler) error {
	panic("a walk runs none of the handlers that it looks for")
}

// serving is an app with one server of these routes for each address.
func serving(t *testing.T, routes string, listen ...string) *caddyhttp.App {
	t.Helper()
	ctx, cancel := caddy.NewContext(caddy.Context{Context: t.Context()})
	t.Cleanup(cancel)
	app := &caddyhttp.App{Servers: make(map[string]*caddyhttp.Server)}
	for _, address := range listen {
		server := &caddyhttp.Server{Listen: []string{address}}
		text := strings.ReplaceAll(routes, "ADDRESS", address)
		if err := json.Unmarshal([]byte(text), &server.Routes); err != nil {
			t.Fatal(err)
		}
		if err := server.Routes.Provision(ctx); err != nil {
			t.Fatal(err)
		}
		app.Servers["srv"+address] = server
	}
	return app
}

// reach is what the shops on the way say, and how the way was.
func reach(t *testing.T, app *caddyhttp.App, q routewalk.Request) (said []string, way routewalk.Way) {
	t.Helper()
	way, err := routewalk.Reach(t.Context(), app, q,
		func(r *http.Request, m routewalk.Meeting) (routewalk.Step, bool) {
			h, ours := m.Handler.(*shop)
			if !ours {
				return routewalk.Passed, false
			}
			said = append(said, h.Says+" "+r.Host+r.URL.Path)
			if h.Says == "next" {
				return routewalk.Passed, true
			}
			return routewalk.Answered, true
		})
	if err != nil {
		t.Fatal(err)
	}
	return said, way
}

func handle(handlers ...string) string { return `"handle":[` + strings.Join(handlers, ",") + `]` }

const (
	here = `{"handler":"shop","says":"here"}`
	next = `{"handler":"shop","says":"next"}`
	page = `{"handler":"static_response","body":"page"}`
)

func TestAWalkGoesAsCaddyDoes(t *testing.T) {
	path := func(p string) string { return `"match":[{"path":["` + p + `"]}],` }
	sub := func(routes string) string { return `{"handler":"subroute","routes":[` + routes + `]}` }
	for name, row := range map[string]struct {
		routes string
		said   []string
		way    routewalk.Way
	}{
		"none":         {`[]`, nil, routewalk.Way{}},
		"another path": {`[{` + path("/y") + handle(here) + `}]`, nil, routewalk.Way{}},
		"the path":     {`[{` + path("/x") + handle(here) + `}]`, []string{"here a.example/x"}, routewalk.Way{Found: true}},
		"a page first": {`[{` + handle(page) + `},{` + handle(here) + `}]`, nil, routewalk.Way{By: "static_response"}},
		"of a group the first": {
			`[{"group":"g",` + handle(next) + `},{"group":"g",` + handle(here) + `}]`,
			[]string{"next a.example/x"},
			routewalk.Way{Found: true},
		},
		"a terminal route ends it": {
			`[{"terminal":true,` + handle(next) + `},{` + handle(here) + `}]`,
			[]string{"next a.example/x"},
			routewalk.Way{Found: true},
		},
		"one after the other": {
			`[{` + handle(sub(`{`+handle(next)+`}`)) + `},{` + handle(here) + `}]`,
			[]string{"next a.example/x", "here a.example/x"},
			routewalk.Way{Found: true},
		},
		"rewritten": {
			`[{` + handle(`{"handler":"rewrite","uri":"/y"}`) + `},{` + path("/y") + handle(here) + `}]`,
			[]string{"here a.example/y"},
			routewalk.Way{Found: true},
		},
		"behind a plugin": {
			`[{` + handle(`{"handler":"authentication"}`, here) + `}]`,
			[]string{"here a.example/x"},
			routewalk.Way{Found: true, Before: []string{"authentication"}},
		},
		"dressed": {
			`[{` + handle(`{"handler":"headers"}`, `{"handler":"encode"}`, here) + `}]`,
			[]string{"here a.example/x"},
			routewalk.Way{Found: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := serving(t, row.routes, ":80")
			said, way := reach(t, app, routewalk.Request{URI: "http://a.example/x"})
			if diff := cmp.Diff(row.said, said); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(row.way, way); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAMatcherThatFailsEndsTheWalk(t *testing.T) {
	app := serving(t, `[{"match":[{"expression":"{http.request.uri.query.n} > 1"}],`+handle(next)+
		`},{`+handle(here)+`}]`, ":80")
	if said, way := reach(t, app, routewalk.Request{URI: "http://a.example/x"}); len(said) > 0 ||
		way.Err == nil {
		t.Errorf("%v, %+v", said, way)
	}
}

func TestTheServerIsThatOfThePort(t *testing.T) {
	app := serving(t, `[{"handle":[{"handler":"shop","says":"ADDRESS"}]}]`, ":80", ":443", ":8080-8090")
	for uri, want := range map[string]string{
		"http://a.example/x":       ":80 a.example/x",
		"https://a.example/x":      ":443 a.example/x",
		"http://a.example:8085/x":  ":8080-8090 a.example:8085/x",
		"https://a.example:9999/x": ":443 a.example:9999/x", // a load balancer's: the first by name
	} {
		if said, _ := reach(t, app, routewalk.Request{URI: uri}); len(said) != 1 || said[0] != want {
			t.Errorf("%s reaches %v, want %s", uri, said, want)
		}
	}
}

func TestARequestWithoutAHostTriesEach(t *testing.T) {
	app := serving(t, `[{"terminal":true,"match":[{"host":["a.example"]}],`+handle(page)+
		`},{"terminal":true,"match":[{"host":["*.b.example"]}],`+handle(here)+`},{`+handle(page)+`}]`,
		":80")
	said, way := reach(t, app, routewalk.Request{URI: "/x"})
	if len(said) != 1 || said[0] != "here any.b.example/x" || way.PassedHost != "any.b.example" {
		t.Errorf("%v, %+v", said, way)
	}
	if said, way := reach(t, app, routewalk.Request{URI: "/x", Host: "a.example"}); len(said) > 0 ||
		way.By != "static_response" {
		t.Errorf("%v, %+v", said, way)
	}
}

// TestNamedRoutesThatInvokeEachOtherEnd: Caddy would go round for ever.
func TestNamedRoutesThatInvokeEachOtherEnd(t *testing.T) {
	app := serving(t, `[{`+handle(`{"handler":"invoke","name":"round"}`)+`}]`, ":80")
	server := app.Servers["srv:80"]
	server.NamedRoutes = map[string]*caddyhttp.Route{"round": &server.Routes[0]}
	if said, way := reach(t, app, routewalk.Request{URI: "http://a.example/x"}); len(said) > 0 ||
		way.Found {
		t.Errorf("%v, %+v", said, way)
	}
	handlers := 0
	routewalk.Each(server, func(routewalk.Meeting) { handlers++ })
	if handlers != 2 {
		t.Errorf("%d handlers, want the route's and the named one's", handlers)
	}
}

func TestATitleIsDirectiveAndMatcher(t *testing.T) {
	for match, want := range map[string]string{
		``:                                "shop",
		`"match":[{"path":["/x"]}],`:      "shop /x",
		`"match":[{"path":["/x","/y"]}],`: `shop path ["/x","/y"]`,
		`"match":[{"method":["GET"],"path":["/x"]}],`: `shop method ["GET"] and path ["/x"]`,
		`"match":[{"path":["/x"]},{"path":["/y"]}],`:  "shop /x or /y",
	} {
		app := serving(t, `[{`+match+handle(here)+`}]`, ":80")
		routewalk.Each(app.Servers["srv:80"], func(m routewalk.Meeting) {
			if got := m.Title(); got != want {
				t.Errorf("%s is %q, want %q", match, got, want)
			}
		})
	}
}

func TestARequestIsAsAServerGetsIt(t *testing.T) {
	r, err := routewalk.Request{
		URI: "https://a.example/x?y=1", Header: http.Header{"Host": {"other"}, "X-A": {"1"}},
	}.Prepare(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ip, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	if r.Method != http.MethodGet || r.Host != "a.example" || r.URL.String() != "/x?y=1" ||
		r.RequestURI != "/x?y=1" || r.TLS == nil || r.Header.Get("Host") != "" ||
		r.Header.Get("X-A") != "1" || ip != routewalk.DefaultClientIP {
		t.Errorf("%+v, address %q", r, ip)
	}
	for _, bad := range []routewalk.Request{
		{URI: "x"}, {URI: "http://"}, {Method: "G ET"}, {ClientIP: "ann@example.com"},
	} {
		if _, err := bad.Prepare(t.Context(), nil); err == nil ||
			strings.Contains(err.Error(), "ann@") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
