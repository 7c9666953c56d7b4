package partners

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// This file is how a request names a partner, and how a visitor's first one is remembered.

// Cookie is the name of the cookie that remembers a visitor's first partner.
const Cookie = "checkout_partner"

// The values of Place.In, and of Arrival.By.
const (
	InQuery  = "query"
	InPath   = "path"
	InCookie = "cookie" // of Arrival.By alone
)

// The results of a code that a request brought.
const (
	Active   = "active"
	Inactive = "inactive" // its time has not begun, or is over
	Unknown  = "unknown"
)

// Place is where a request may name a partner.
type Place struct {
	// In is `query` or `path`.
	In string `json:"in"`
	// Name is the parameter of the query.
	Name string `json:"name,omitempty"`
	// Part is the place in the path, counted from 0, as `{path.*}` is.
	Part int `json:"part,omitempty"`
}

// Check reports what is wrong with a place.
func (p Place) Check() error {
	switch {
	case p.In == InQuery && p.Name != "" && p.Part == 0:
	case p.In == InPath && p.Name == "" && p.Part >= 0:
	default:
		return fmt.Errorf("from: write `from query <name>` or `from path <number>`, counted from 0")
	}
	return nil
}

func (p Place) String() string {
	if p.In == InPath {
		return fmt.Sprint(InPath, " ", p.Part)
	}
	return p.In + " " + p.Name
}

// read is what the request has in the place; empty is nothing.
func (p Place) read(u *url.URL) string {
	if p.In == InPath {
		return pathPart(u.Path, p.Part)
	}
	return queryValue(u.RawQuery, p.Name)
}

// pathPart is a part of a path, as Caddy's {path.*} counts them.
func pathPart(path string, n int) string {
	path = strings.TrimPrefix(path, "/")
	for ; n > 0; n-- {
		var more bool
		if _, path, more = strings.Cut(path, "/"); !more {
			return ""
		}
	}
	part, _, _ := strings.Cut(path, "/")
	return part
}

// queryValue is the first value of a parameter. A query is not parsed as a whole: most clicks of a
// shop have no partner, or one in a short query.
func queryValue(query, name string) string {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(key, "%+") {
			unescaped, err := url.QueryUnescape(key)
			if err != nil {
				continue
			}
			key = unescaped
		}
		if key != name {
			continue
		}
		if text, err := url.QueryUnescape(value); err == nil {
			return text
		}
	}
	return ""
}

// Code is a code that a request brought, and what the table says of it.
type Code struct{ In, Result string }

// Arrival is what a request says about partners.
type Arrival struct {
	Partner Partner // whom it counts for; nobody if it names none that is active
	By      string  // where they were named: a place such as `query ref`, or `cookie`
	// First is whom the visitor's cookie names, if that is an active partner.
	First Partner
	// Codes are all that were looked at.
	Codes []Code
}

// Arrive reads a request: the first place that names an active partner counts, and the cookie where
// none does. Without remember, cookies are not read.
func (t *Table) Arrive(
	r *http.Request, places []Place, remember bool, now time.Time,
) (a Arrival) {
	for _, place := range places {
		text := place.read(r.URL)
		if text == "" {
			continue
		}
		if p := a.look(t, text, place.In, now); p.Known() && !a.Partner.Known() {
			a.Partner, a.By = p, place.String()
			break
		}
	}
	if !remember || len(r.Header["Cookie"]) == 0 {
		return a
	}
	cookie, err := r.Cookie(Cookie)
	if err != nil || cookie.Value == "" {
		return a
	}
	text, err := url.QueryUnescape(cookie.Value)
	if err != nil {
		text = "\x00" // somebody made it up: counted like every other code that is none
	}
	if a.First = a.look(t, text, InCookie, now); a.First.Known() && !a.Partner.Known() {
		a.Partner, a.By = a.First, InCookie
	}
	return a
}

// look looks one code up and notes what came of it.
func (a *Arrival) look(t *Table, text, in string, now time.Time) Partner {
	p, known := t.Find(text)
	switch {
	case !known:
		a.Codes = append(a.Codes, Code{in, Unknown})
		return Partner{}
	case !p.Active(now):
		a.Codes = append(a.Codes, Code{in, Inactive})
		return Partner{}
	}
	a.Codes = append(a.Codes, Code{in, Active})
	return p
}

// Remember sets the cookie where the visitor has no first partner yet and this request names one. It
// reports whether it did.
// The cookie is Secure on http, too: browsers that take one from a loopback address do so for
// trying out, and a shop has no other http.
func (a *Arrival) Remember(w http.ResponseWriter, life time.Duration) (set bool) {
	if a.First.Known() || !a.Partner.Known() {
		return false
	}
	http.SetCookie(w, &http.Cookie{
		Name: Cookie, Value: url.QueryEscape(a.Partner.Code()), Path: "/",
		MaxAge: int(life / time.Second), Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
	return true
}

// Consents reports whether what stands in the place of consent is a yes: neither empty, 0 nor false.
func Consents(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && text != "0" && !strings.EqualFold(text, "false")
}
