package routewalk

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// Way is how a request went through the routes.
type Way struct {
	// Found says that it came to one of the handlers that were looked for.
	Found bool
	// PassedHost is the host that the request was given because it had none and a host matcher
	// stood in its way.
	PassedHost string
	// Before are the handlers on the way that might have answered, by name.
	Before []string
	// By is the handler that answered before one was found; it is empty where the routes ended.
	By string
	// Err is what a matcher failed with.
	Err error
}

// Ours is asked of each handler that the request meets. A handler that is not looked for is not
// ours; for the others step is what became of the request.
type Ours func(r *http.Request, m Meeting) (step Step, ours bool)

// Reach sends q through the servers until a handler that is looked for has answered. Only rewrite,
// uri, map and vars are run, on a copy. Servers that listen on the port of a whole address come
// alone, if there are any. Where q has no host, each host that a matcher names is tried.
func Reach(ctx context.Context, app *caddyhttp.App, q Request, ours Ours) (Way, error) {
	p, err := q.parse()
	if err != nil {
		return Way{}, err
	}
	var first *Way
	for _, server := range serversFor(app, p.port()) {
		for _, host := range hostsFor(server, p.Host) {
			way := reach(server, p.prepare(ctx, server, host), ours)
			if p.Host == "" {
				way.PassedHost = host
			}
			if way.Found {
				return way, nil
			}
			if first == nil || first.By == "" && first.Err == nil {
				first = &way
			}
		}
	}
	if first == nil {
		return Way{}, nil
	}
	return *first, nil
}

// reach is one walk through one server.
func reach(server *caddyhttp.Server, r *http.Request, ours Ours) (way Way) {
	walk := &Walk{Server: server}
	walk.Meet = func(r *http.Request, m Meeting) Step {
		if step, is := ours(r, m); is {
			way.Found = true
			return step
		}
		switch KindOf(m.Handler) {
		case Dresses:
			return Passed
		case Changes:
			return Run(&Silence{make(http.Header)}, r, m.Handler)
		case Answers:
			way.By = Name(m.Handler)
			return Answered
		case Unknown:
		}
		if name := Name(m.Handler); !way.Found && !slices.Contains(way.Before, name) {
			way.Before = append(way.Before, name)
		}
		if proxy, ok := m.Handler.(*reverseproxy.Handler); ok {
			return walk.responses(proxy, r, &way)
		}
		return Passed
	}
	walk.Routes(server.Routes, r)
	way.Err = walk.Err
	return way
}

// responses looks for our handlers where the answer of an upstream is handled. What others would do
// there depends on that answer, so they end nothing.
func (w *Walk) responses(proxy *reverseproxy.Handler, r *http.Request, way *Way) Step {
	found, by, failed := way.Found, way.By, w.Err
	for i := range proxy.HandleResponse {
		if step := w.Routes(proxy.HandleResponse[i].Routes, r); way.Found && !found {
			return step
		}
		way.By, w.Err = by, failed
	}
	return Passed
}

// serversFor are the servers by name: those that listen on the port, or all.
func serversFor(app *caddyhttp.App, port uint) (list []*caddyhttp.Server) {
	all := make([]*caddyhttp.Server, 0, len(app.Servers))
	for _, name := range slices.Sorted(maps.Keys(app.Servers)) {
		server := app.Servers[name]
		all = append(all, server)
		if port != 0 && slices.ContainsFunc(server.Listen, func(address string) bool {
			at, err := caddy.ParseNetworkAddress(address)
			return err == nil && at.StartPort <= port && port <= at.EndPort
		}) {
			list = append(list, server)
		}
	}
	if len(list) == 0 {
		return all
	}
	return list
}

// maxHosts bounds how many hosts are tried for a request that has none.
const maxHosts = 1000

// hostsFor is the request's own host. Without one it is none, and each that a matcher of the server
// names.
func hostsFor(server *caddyhttp.Server, host string) []string {
	if host != "" {
		return []string{host}
	}
	hosts := []string{""}
	Each(server, func(m Meeting) {
		for _, set := range m.Route.MatcherSets {
			for _, matcher := range set {
				named, _ := matcher.(*caddyhttp.MatchHost)
				if named == nil {
					continue
				}
				for _, name := range *named {
					name = strings.ReplaceAll(name, "*", "any")
					if len(hosts) < maxHosts && !strings.Contains(name, "{") &&
						!slices.Contains(hosts, name) {
						hosts = append(hosts, name)
					}
				}
			}
		}
	})
	return hosts
}

// Each calls do for every handler of a server, those that hold others included, in the order of the
// configuration.
func Each(server *caddyhttp.Server, do func(m Meeting)) {
	e := each{server, do, make(map[string]bool)}
	e.routes(server.Routes)
}

type each struct {
	server  *caddyhttp.Server
	do      func(m Meeting)
	invoked map[string]bool // named routes, which may invoke each other
}

func (e each) routes(routes caddyhttp.RouteList) {
	for i := range routes {
		route := &routes[i]
		for _, handler := range route.Handlers {
			e.do(Meeting{handler, route})
			switch h := handler.(type) {
			case *caddyhttp.Subroute:
				e.routes(h.Routes)
			case *caddyhttp.Invoke:
				named, ok := e.server.NamedRoutes[h.Name]
				if ok && !e.invoked[h.Name] {
					e.invoked[h.Name] = true
					e.routes(caddyhttp.RouteList{*named})
				}
			case *reverseproxy.Handler:
				for j := range h.HandleResponse {
					e.routes(h.HandleResponse[j].Routes)
				}
			}
		}
	}
}
