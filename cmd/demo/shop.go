package main

import (
	"cmp"
	"embed"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

//go:embed static
var static embed.FS

// shop is the storefront. It knows its members, prices an invoice and reads webhooks; of checkout
// links it knows only the addresses to press on: /checkout/plus, /checkout/forever, /ref/…/get.
type shop struct {
	demo    *demo
	members *members
	history *history
	lines   lines
	http.Handler
}

func newShop(d *demo) (*shop, error) {
	members, err := newMembers(d.storage)
	if err != nil {
		return nil, err
	}
	s := &shop{
		demo: d, members: members, history: newHistory(d.callsBetween),
		lines: readLines(string(caddyfileText)),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page("home", "Know every bird you hear"))
	mux.HandleFunc("GET /sign-in", s.page("sign-in", "Sign in"))
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("POST /sign-out", s.signOut)
	mux.HandleFunc("GET /account", s.page("account", "Your account"))
	mux.HandleFunc("GET /ref/{partner}", s.page("partner", "A friend sent you"))
	mux.HandleFunc("GET /form", s.page("form", "Paid on this page"))
	mux.HandleFunc("GET /invoices", s.page("invoices", "Invoices"))
	mux.HandleFunc("POST /invoices/{number}/pay", s.priceInvoice)
	mux.HandleFunc("GET /later", s.page("later", "The checkout is taking a rest"))
	mux.HandleFunc("POST /hooks/zotlo", s.webhook)
	mux.HandleFunc("GET /trouble", s.page("trouble", "Trouble on purpose"))
	mux.HandleFunc("POST /trouble", s.switchTrouble)
	mux.HandleFunc("GET /not-a-click", s.page("not-a-click", "Things that are not a click"))
	mux.HandleFunc("GET /caddyfile", s.page("caddyfile", "The Caddyfile"))
	mux.HandleFunc("GET /happened", s.happened)
	mux.HandleFunc("GET /why/{id}", s.why)
	mux.HandleFunc("GET /experiment", s.experiments)
	mux.HandleFunc("/error", s.errorPage)
	mux.Handle("GET /static/", http.FileServerFS(static))
	mux.HandleFunc("/", s.notFound)
	// Forms of other sites are refused. Webhooks and scripts without a browser say nothing about
	// sites, and pass.
	s.Handler = s.headers(http.NewCrossOriginProtection().Handler(mux))
	return s, nil
}

// headers says what the pages may load: nothing from elsewhere but Zotlo's SDK. A form may end on the checkout's
// host, because browsers hold the redirect that follows a form against form-action too.
func (s *shop) headers(next http.Handler) http.Handler {
	policy := "default-src 'none'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self' " + s.demo.pay + "/sdk/; frame-src 'self'; " +
		"script-src 'self' " + s.demo.pay + "/sdk/ 'inline-speculation-rules'; form-action 'self' " + s.demo.pay +
		"; base-uri 'none'; frame-ancestors 'self'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		if !strings.HasPrefix(r.URL.Path, "/static/") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// page serves a template with what every page shows.
func (s *shop) page(name, title string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, http.StatusOK, name, title)
	}
}

func (s *shop) show(w http.ResponseWriter, r *http.Request, status int, name, title string) {
	v := s.visitor(r)
	if v.SignedIn && r.Method == http.MethodGet && r.URL.Path != "/error" && s.refresh(w, v) {
		// The prices that came with this request were worked out from the old token.
		http.Redirect(w, r, r.URL.RequestURI(), http.StatusSeeOther)
		return
	}
	render(w, status, s.view(r, name, title))
}

// view gathers what the pages show.
func (s *shop) view(r *http.Request, name, title string) view {
	v := s.visitor(r)
	return view{
		Name: name, Title: title, Path: r.URL.Path, Visitor: v, People: people,
		Next:      ownPath(r.URL.Query().Get("next")),
		Partner:   r.PathValue("partner"),
		Pay:       s.demo.pay,
		Offers:    offersOf(r.Header),
		Purchases: s.members.purchasesOf(v.ID),
		Invoices:  s.invoices(),
		Troubles:  troubles, Trouble: s.history.trouble(),
		Lines:   s.lines,
		Panel:   s.panel(),
		Status:  r.Header.Get("X-Error-Status"),
		Message: r.Header.Get("X-Error-Message"),
	}
}

// errorPage dresses an error of Caddy or of the module.
func (s *shop) errorPage(w http.ResponseWriter, r *http.Request) {
	status, err := strconv.Atoi(r.Header.Get("X-Error-Status"))
	if err != nil || status < 400 || status > 599 {
		s.notFound(w, r)
		return
	}
	name := "error"
	if framed(r) {
		name = "bare"
	}
	s.show(w, r, status, name, cmp.Or(http.StatusText(status), "Something went wrong"))
}

// framed reports whether the answer is shown inside another page, which has no room for all of the
// shop.
func framed(r *http.Request) bool {
	return slices.Contains([]string{"iframe", "frame", "object", "embed"},
		r.Header.Get("Sec-Fetch-Dest"))
}

func (s *shop) notFound(w http.ResponseWriter, r *http.Request) {
	r.Header.Set("X-Error-Status", "404")
	r.Header.Set("X-Error-Message", "there is no such page")
	s.show(w, r, http.StatusNotFound, "error", "Not found")
}

// offer is a price that checkout_offer decided.
type offer struct{ Price, Currency string }

// offersOf reads the request headers that Caddy sets.
func offersOf(h http.Header) map[string]offer {
	offers := make(map[string]offer)
	for _, plan := range []string{planPlus, planForever} {
		offers[plan] = offer{
			Price:    h.Get("X-Offer-" + plan + "-Price"),
			Currency: h.Get("X-Offer-" + plan + "-Currency"),
		}
	}
	return offers
}
