package caddymodule

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/auth"
	"github.com/caddy-checkout/checkout/caddymodule/internal/cli"
	"github.com/caddy-checkout/checkout/caddymodule/internal/ledgeradmin"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/signedoffer"
	"github.com/caddy-checkout/checkout/ledger"
)

// adminAPI adds endpoints to Caddy's admin API, for the operator and for `caddy checkout`:
//
//	GET  /checkout/campaigns   what is on sale, and this process's counts
//	GET  /checkout/experiments what experiments have shown; ?key= asks for one
//	GET  /checkout/partners    what partners have sold; ?since= and ?until= bound the days
//	POST /checkout/purge       {"subscriber": "ann@example.com"}: makes the links of one subscriber dead
//	                           {"offer": "<jti>"}: ends one signed offer
//	POST /checkout/sign        mints a signed offer
//	POST /checkout/explain     why a request with these claims gets this offer; calls nothing
//	GET  /checkout/ledger      exports the ledger; POST imports; /backup copies its file
//	POST /checkout/reconcile   compares the ledger with Zotlo's exports
//
// Caddy itself refuses what other hosts and other origins send here.
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.checkout",
		New: func() caddy.Module { return new(adminAPI) },
	}
}

// Routes lists the endpoints.
func (adminAPI) Routes() []caddy.AdminRoute {
	return append([]caddy.AdminRoute{
		{Pattern: "/checkout/campaigns", Handler: endpoint{http.MethodGet, listCampaigns}},
		{
			Pattern: "/checkout/experiments",
			Handler: endpoint{http.MethodGet, showExperiments},
		},
		{Pattern: "/checkout/partners", Handler: endpoint{http.MethodGet, showPartners}},
		{Pattern: "/checkout/purge", Handler: endpoint{http.MethodPost, purge}},
		{Pattern: "/checkout/sign", Handler: endpoint{http.MethodPost, sign}},
		{Pattern: "/checkout/explain", Handler: endpoint{http.MethodPost, explain}},
	}, ledgeradmin.Routes(servingLedger)...)
}

// endpoint answers one method with JSON. Its errors are for the operator and for Caddy's log: they
// quote nothing of the body, since an address or a token may stand in the wrong place of it.
type endpoint struct {
	method string
	answer func(app *App, body []byte, r *http.Request) (any, error)
}

// Methods are those that the endpoint answers.
func (e endpoint) Methods() []string { return []string{e.method} }

// ServeHTTP checks what is the same for all endpoints. The app is looked up now: one kept from
// Provision would be the rejected configuration's after a reload that failed.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) (err error) {
	if r.Method != e.method {
		w.Header().Set("Allow", e.method)
		return adminError(http.StatusMethodNotAllowed, "write %s %s", e.method, r.URL.Path)
	}
	if e.method == http.MethodPost && !isJSON(r.Header.Get("Content-Type")) {
		// A form on somebody's web page can post anything else without asking the browser for
		// leave.
		return adminError(http.StatusUnsupportedMediaType,
			"send JSON, with Content-Type: application/json")
	}
	app := liveApps.newest()
	if app == nil {
		return adminError(http.StatusNotFound, "the running configuration has no checkout")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, cli.MaxBody))
	if err != nil {
		return bodyError(err)
	}
	defer func() {
		if p := recover(); p != nil {
			logPanic(app.shared.log, "panic while answering the operator", p)
			err = adminError(http.StatusInternalServerError,
				"something went wrong, the log says where")
		}
	}()
	answer, err := e.answer(app, body, r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // an & in an address is to be read
	return encoder.Encode(answer)
}

func adminError(status int, format string, args ...any) error {
	return caddy.APIError{HTTPStatus: status, Err: fmt.Errorf(format, args...)}
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

func bodyError(err error) error {
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return adminError(http.StatusRequestEntityTooLarge, "the body is longer than %d bytes",
			cli.MaxBody)
	}
	return adminError(http.StatusBadRequest, "the body broke off")
}

// readQuestion reads one JSON object into v, and nothing else: unknown members are mistakes.
func readQuestion(body []byte, v any, members string) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); wrongType {
			return adminError(http.StatusBadRequest,
				"the body has a member of the wrong type: write %s", members)
		}
		if _, broken := errors.AsType[*json.SyntaxError](err); broken ||
			errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return adminError(http.StatusBadRequest, "the body is not JSON: write %s", members)
		}
		return adminError(http.StatusBadRequest, "the body has an unknown member: write %s",
			members)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return adminError(http.StatusBadRequest, "something follows the JSON object: write %s",
			members)
	}
	return nil
}

// sign mints a signed offer.
func sign(app *App, body []byte, _ *http.Request) (any, error) {
	var question cli.Terms
	if err := readQuestion(body, &question, `{"campaign": "winback", "for": "72h"}, and perhaps `+
		`"values": {"price": "4.90"}, "subscriber": "ann@example.com", "once": true`); err != nil {
		return nil, err
	}
	if app.shared.signed == nil {
		return nil, adminError(http.StatusNotFound, "%w", errNoOffers)
	}
	if _, err := app.shared.registry.chosen([]string{question.Campaign}); err != nil {
		return nil, err
	}
	now := time.Now()
	life, err := caddy.ParseDuration(question.For)
	if err != nil || life <= 0 {
		return nil, adminError(http.StatusBadRequest, "for: write how long the offer is good, such "+
			"as 72h or 30d")
	}
	token, err := app.shared.signed.Mint(signedoffer.Terms{
		Campaign: question.Campaign, Values: question.Values, Subscriber: question.Subscriber,
		Once: question.Once, Until: now.Add(life),
	}, now)
	if err != nil {
		return nil, adminError(http.StatusBadRequest, "%w", err)
	}
	return cli.Signed{Token: token}, nil
}

// revoke ends one signed offer. Links that are out stay payable, as Zotlo has no way to end one.
func revoke(app *App, jti string, r *http.Request) (any, error) {
	books, err := app.shared.ledger.Get()
	if err == nil {
		err = books.Revoke(r.Context(), ledger.OfferHash(jti))
	}
	if err != nil {
		return nil, adminError(http.StatusServiceUnavailable,
			"the offer is still good, for the ledger cannot be used: %w", err)
	}
	return cli.Purged{Offer: jti}, nil
}

// purge makes every link of one subscriber dead, or ends one signed offer. The answer names a
// subscriber only as the log does.
func purge(app *App, body []byte, r *http.Request) (any, error) {
	var question struct {
		Subscriber string `json:"subscriber"`
		Everything bool   `json:"everything"`
		Offer      string `json:"offer"`
	}
	if err := readQuestion(body, &question,
		`{"subscriber": "ann@example.com"}, and perhaps "everything": true, or `+
			`{"offer": "<jti>"}`); err != nil {
		return nil, err
	}
	switch {
	case question.Offer == "":
	case question.Subscriber != "" || question.Everything:
		return nil, adminError(http.StatusBadRequest,
			"offer and subscriber exclude each other: purge one after the other")
	default:
		return revoke(app, question.Offer, r)
	}
	id, err := parseSubscriber(question.Subscriber)
	if err != nil {
		return nil, err
	}
	if app.shared.generator == nil {
		return nil, adminError(http.StatusNotFound,
			"the running configuration has no project, so there are no links")
	}
	if err := app.forget(r.Context(), id); err != nil {
		return nil, err
	}
	now, former := hashesOf(app.shared.generator, id)
	answer := cli.Purged{Subscriber: now}
	if !question.Everything {
		return answer, nil
	}
	books, err := app.shared.ledger.Get()
	if err != nil {
		return nil, adminError(http.StatusServiceUnavailable,
			"their links are dead, but the ledger cannot be used: %w", err)
	}
	purged, err := books.Purge(r.Context(), append(former, now)...)
	if err != nil {
		return nil, adminError(http.StatusBadGateway, "their links are dead, but the ledger failed "+
			"half-way, so try again: %w", err)
	}
	answer.Ledger = &purged
	return answer, nil
}

// forget makes every link of a subscriber dead.
func (a *App) forget(ctx context.Context, id string) (err error) {
	for _, hash := range everyHash(a.shared.generator, id) {
		err = errors.Join(err, a.shared.generator.Forget(ctx, hash))
	}
	if err == nil {
		return nil
	}
	metrics.CacheErrors.WithLabelValues(a.cache.name).Inc()
	a.shared.failures.Warn("cache failed, going on without it",
		zap.String("cache", a.cache.name), zap.Error(err))
	return adminError(http.StatusBadGateway,
		"the cache failed, so links of this subscriber may still be given out: try again; "+
			"the log says why")
}

// parseSubscriber accepts whatever Zotlo takes as a subscriber. Its errors do not quote the text.
func parseSubscriber(text string) (id string, err error) {
	for _, kind := range []auth.Kind{"", auth.Phone} {
		if s, err := auth.ParseSubscriber(kind, text); err == nil {
			return s.ID, nil
		}
	}
	return "", adminError(http.StatusBadRequest,
		"subscriber: it is no e-mail address, no phone number such as +905551112233 and no UUID")
}

// listed is what every route lists. Where they differ it is all campaigns by name, which is a
// guess.
func (a *App) listed() (names []string, guessed bool) {
	all := a.shared.registry.names()
	// Routes for signed offers alone list none.
	routes := slices.DeleteFunc(slices.Clone(a.routes), func(r []string) bool { return len(r) == 0 })
	if len(routes) == 0 {
		return all, false
	}
	first := routes[0]
	differs := func(other []string) bool { return !slices.Equal(other, first) }
	if placeholder.In(first...) || slices.ContainsFunc(routes, differs) {
		return all, true
	}
	return first, false
}

// chosen finds campaigns by name.
func (r *registry) chosen(names []string) ([]*entry, error) {
	if len(names) == 0 {
		return nil, adminError(http.StatusNotFound, "no campaign is defined")
	}
	list := make([]*entry, len(names))
	for i, name := range names {
		if list[i] = r.byName[name]; list[i] == nil {
			known := ""
			if len(r.byName) > 0 {
				known = " (defined are: " + strings.Join(r.names(), ", ") + ")"
			}
			return nil, adminError(http.StatusNotFound, "campaigns: %s is not defined%s",
				cli.Quoted(name), known)
		}
	}
	return list, nil
}

// forExplaining finds an identity by name. Without a name it is the default one, or the only one
// that any route has. Where no route reads a token, it is one that another handler verified.
func (ids *identities) forExplaining(name string) (identifier, error) {
	if name == "" && ids.named[defaultJWT] == nil {
		switch len(ids.all) {
		case 0:
			return placeholderIdentifier{}, nil
		case 1:
			return tokenIdentifier{ids.all[0]}, nil
		}
		return nil, adminError(http.StatusBadRequest,
			"jwt: there are %d identities and none is the default: give the address of your "+
				"route, or write the name of one%s", len(ids.all), ids.names())
	}
	if name == "" {
		name = defaultJWT
	}
	authenticator, err := ids.lookup(name)
	if err != nil {
		return nil, adminError(http.StatusNotFound, "jwt: no identity has the name %s%s",
			cli.Quoted(name), ids.names())
	}
	return tokenIdentifier{authenticator}, nil
}

func (ids *identities) names() string {
	if len(ids.named) == 0 {
		return "; none has a name: write `jwt <name> {` in the global checkout option"
	}
	return fmt.Sprintf("; defined are: %v", slices.Sorted(maps.Keys(ids.named)))
}

// describedUser is whom the claims describe. Its error is the question's.
func describedUser(claims json.RawMessage, id identifier) (*auth.User, error) {
	token, isToken := id.(tokenIdentifier)
	if !isToken {
		rules, err := defaultRules()
		if err != nil {
			return nil, err
		}
		token = tokenIdentifier{rules}
	}
	user, err := token.UnverifiedUser(claims)
	if err != nil {
		return nil, adminError(http.StatusBadRequest, "claims: %w", err)
	}
	if !isToken {
		// Another handler has verified them. The claims name them and no more: a click brings no
		// others, and a variant that was chosen by them would not be theirs.
		user = &auth.User{Subscriber: user.Subscriber}
	}
	return user, nil
}

// defaultRules reads claims as a jwt block does that says nothing of them. Nobody holds its key,
// and no request meets it.
var defaultRules = sync.OnceValues(func() (*auth.Authenticator, error) {
	return auth.New(auth.Config{
		Secrets: []string{rand.Text() + rand.Text()},
		From:    []auth.Source{{In: "cookie", Name: "none"}},
	})
})

// Interface guards
var (
	_ caddy.AdminRouter  = (*adminAPI)(nil)
	_ caddy.AdminHandler = endpoint{}
)
