package e2e_test

import "net/http"

// with changes a request before it is sent.
type with func(*http.Request)

func header(name string, values ...string) with {
	return func(r *http.Request) { r.Header[name] = values }
}

func method(name string) with { return func(r *http.Request) { r.Method = name } }

// bearing puts a token where the site looks for it.
func bearing(token string) with { return header("Cookie", "session="+token) }

// as signs the request in as a user of the guarded site.
func as(email string) with { return bearing(tokenOf(claims(email))) }

func from(ip string) with { return header("X-Forwarded-For", ip) }
