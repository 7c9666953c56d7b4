// Command embedded is the cached checkout redirect without Caddy: net/http with auth and linkgen in
// it. It does what checkout_link does for a plain campaign, and has none of the adapter: no
// campaigns, placeholders, metrics, log fields, reloads. The benchmark starts it, and tells it
// everything in its environment.
package main

import (
	"log"
	"net/http"
	"net/netip"
	"os"
	"time"

	"golang.org/x/text/language"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/linkgen"
	"github.com/caddy-checkout/checkout/linkgen/memorycache"
	"github.com/caddy-checkout/checkout/zotlo"
)

func main() {
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

func serve() error {
	s, err := newShop()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /click", s.click)
	to := os.Getenv("LINK")
	mux.HandleFunc("GET /redir", func(w http.ResponseWriter, _ *http.Request) { answer(w, to) })
	server := &http.Server{
		Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: time.Minute,
	}
	return server.ListenAndServe()
}

// shop is what a click needs.
type shop struct {
	users     *auth.Authenticator
	links     *linkgen.Generator
	languages language.Matcher
}

func newShop() (*shop, error) {
	users := auth.Config{From: []auth.Source{{In: "cookie", Name: "session"}}}
	if alg := os.Getenv("ALGORITHM"); alg == "HS256" {
		users.Secrets = []string{os.Getenv("JWT_SECRET")}
	} else {
		users.PublicKeys = []string{os.Getenv("PUBLIC_KEY")}
	}
	s := &shop{languages: language.NewMatcher([]language.Tag{
		language.English, language.Turkish, language.German,
	})}
	var err error
	if s.users, err = auth.New(users); err != nil {
		return nil, err
	}
	secret := os.Getenv("ZOTLO_ACCESS_SECRET")
	s.links, err = linkgen.New(linkgen.Config{
		Projects: []linkgen.Project{{Project: zotlo.Project{
			AccessKey: os.Getenv("ZOTLO_ACCESS_KEY"), AccessSecret: secret,
			ApplicationKey: os.Getenv("ZOTLO_APPLICATION_KEY"), APIURL: os.Getenv("API"),
		}}},
		Key: []byte(secret), Cache: memorycache.New(memorycache.Config{}),
	})
	return s, err
}

func (s *shop) click(w http.ResponseWriter, r *http.Request) {
	user, err := s.users.Authenticate(r)
	if err != nil || !user.Subscriber.Known() {
		headers(w.Header())
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		headers(w.Header())
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	tags, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	tag, _, _ := s.languages.Match(tags...)
	base, _ := tag.Base()
	link, err := s.links.Link(r.Context(), s.links.Prepare(linkgen.Order{
		Subscriber: linkgen.Subscriber{Kind: string(user.Subscriber.Kind), ID: user.Subscriber.ID},
		IP:         address.Addr(), Language: base.String(),
		LinkID: "123", Campaign: "pro",
		Fields: []zotlo.Field{{Name: "packageName", Value: "Pro, lifetime"}},
	}), r.Host)
	if err != nil {
		headers(w.Header())
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	answer(w, link.URL)
}

// answer is a redirect with the headers that checkout_link sends.
func answer(w http.ResponseWriter, to string) {
	headers(w.Header())
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

func headers(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
}
