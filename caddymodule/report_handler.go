package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/caddymodule/internal/report"
	"github.com/caddy-checkout/checkout/zotlo"
)

// ReportHandler answers one page for the operators: what runs now and next, what experiments have
// shown, money by day, and how the module is. Its figures are those of `caddy checkout experiments`
// and `caddy checkout campaigns`. Nothing in it is personal. It needs no script and fetches nothing.
//
// It says who may read it, with `user` or `open`: exactly one of them. Everybody else is answered
// 403. Put an authentication handler of Caddy before it, such as `basic_auth`.
type ReportHandler struct {
	// Users may read it: each an id that `{http.auth.user.id}` of the request may have. An
	// authentication handler sets that; a token of `jwt` does not.
	Users texts `json:"user,omitempty"`
	// Open says that the route itself is guarded, by its address or its matcher. Danger: without
	// such a guard everybody reads what the shop earns.
	Open bool `json:"open,omitempty"`

	app   *App
	users []string
	turn  chan struct{} // of whoever has the page made
}

// reportTimeout is for the making of a page, the wait for a turn included.
const reportTimeout = 10 * time.Second

var (
	errReportNobody = errors.New("checkout_report: nobody may read it: write `user <id>`, with " +
		"an authentication handler such as basic_auth before it, or `open` where the route " +
		"itself is guarded")
	errReportBoth = errors.New("checkout_report: user and open exclude each other: open lets " +
		"everybody in, so remove one of them")
	errReportForbidden = errors.New("this page is for the shop's operators")
	errReportMethod    = errors.New("this page is only read")
	errReportBusy      = errors.New("this page takes long at the moment, please try again")
)

// CaddyModule returns the Caddy module information.
func (*ReportHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.checkout_report",
		New: func() caddy.Module { return new(ReportHandler) },
	}
}

// check is the rule about who may read the page.
func (h *ReportHandler) check() error {
	switch {
	case h.Open && len(h.Users) > 0:
		return errReportBoth
	case !h.Open && len(h.Users) == 0:
		return errReportNobody
	}
	return nil
}

// Provision reads who may read the page.
func (h *ReportHandler) Provision(ctx caddy.Context) (err error) {
	if err = h.check(); err != nil {
		return err
	}
	if h.app, err = checkoutApp(ctx); err != nil {
		return err
	}
	if h.users, err = placeholder.Values("user", h.Users); err != nil {
		return err
	}
	if slices.Contains(h.users, "") {
		return errors.New("checkout_report: user: an empty id is nobody's: write whom " +
			"{http.auth.user.id} names")
	}
	h.turn = make(chan struct{}, 1)
	return nil
}

// ServeHTTP answers the page. What it takes is bounded: one page is made at a time.
func (h *ReportHandler) ServeHTTP(w http.ResponseWriter, r *http.Request,
	_ caddyhttp.Handler,
) (err error) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(h.app.shared.log, "panic while drawing the report", p)
			err = caddyhttp.Error(http.StatusInternalServerError, errors.New("something went wrong"))
		}
	}()
	setHeaders(w)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return caddyhttp.Error(http.StatusMethodNotAllowed, errReportMethod)
	}
	if !h.admits(r) {
		return caddyhttp.Error(http.StatusForbidden, errReportForbidden)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", report.Policy)
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method == http.MethodHead {
		return nil
	}
	page, err := h.draw(r.Context())
	if err != nil {
		w.Header().Set("Retry-After", "10")
		return caddyhttp.Error(http.StatusServiceUnavailable, errReportBusy)
	}
	_, err = w.Write(page)
	return err
}

// admits reports whether the request's user may read the page.
func (h *ReportHandler) admits(r *http.Request) bool {
	if h.Open {
		return true
	}
	repl, _ := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	user, known := repl.GetString("http.auth.user.id")
	return known && slices.Contains(h.users, user)
}

// draw makes the page when its turn has come. The error is that it did not come in time.
func (h *ReportHandler) draw(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var page bytes.Buffer
	if err := report.Write(&page, h.page(ctx, time.Now())); err != nil {
		return nil, fmt.Errorf("drawing the report: %w", err)
	}
	return page.Bytes(), nil
}

// page gathers what the page shows.
func (h *ReportHandler) page(ctx context.Context, now time.Time) report.Page {
	p := report.Page{
		At: now, Started: metrics.Started, Campaigns: offered(h.app.shared.registry, now),
		LedgerBytes: int64(metrics.Value(ledgerBytes)),
		Hears:       h.app.hooked || !h.app.shared.ledger.Alone(),
		Cache:       h.cache(),
	}
	if err := h.readLedger(ctx, now, &p); err != nil {
		h.app.shared.failures.Warn("the report goes on without the ledger", zap.Error(err))
		p.LedgerAway = "cannot be read: " + err.Error()
		p.Experiments, p.Money = nil, nil
	}
	for _, project := range h.app.projects.list {
		p.Projects = append(p.Projects, h.project(project.Name))
	}
	for kind, list := range metrics.Read(metrics.Webhooks, "type") {
		for _, s := range list {
			result := s.Labels["result"]
			if s.Value == 0 {
				continue // it is there for Prometheus
			}
			p.Webhooks = append(p.Webhooks, report.Webhook{
				Kind: kind, Result: result, Count: s.Value, Last: metrics.HeardLast(kind, result),
			})
		}
	}
	for name, list := range metrics.Read(metrics.Mismatches, "campaign") {
		for kind, n := range metrics.Sum(list, "kind") {
			p.Mismatches = append(p.Mismatches, report.Mismatch{Campaign: name, Kind: kind, Count: n})
		}
	}
	return p
}

// readLedger reads what the ledger knows. The numbers of experiments are those of the admin API, by
// the same function.
func (h *ReportHandler) readLedger(ctx context.Context, now time.Time, p *report.Page) error {
	l, err := h.app.shared.ledger.Get()
	if err != nil {
		return err
	}
	p.Experiments, p.MoreExperiments, err = l.LatestExperiments(ctx, now, report.Experiments,
		report.Runs)
	if err != nil {
		return err
	}
	from := now.AddDate(0, 0, 1-report.Days)
	if p.Money, err = l.Days(ctx, from, now); err != nil || h.app.shared.partners == nil {
		return err
	}
	partners, err := l.Partners(ctx, from, now, h.app.shared.partners.Name)
	for _, n := range partners {
		p.Partners = append(p.Partners, report.Partner{
			Code: n.Code, Links: n.Links, First: n.FirstCharges, Renewals: n.Renewals,
			Currency: n.Currency, Revenue: n.Revenue, Refunds: n.Refunds, Share: n.Share,
		})
	}
	return err
}

// project is how calls stand for a project.
func (h *ReportHandler) project(name string) report.Project {
	label := metrics.Project(name)
	p := report.Project{
		Name:  label,
		Calls: metrics.Sum(metrics.Read(metrics.APIRequests, "project")[label], "result"),
	}
	if err := h.app.shared.generator.Client(name).Blocked(); err != nil {
		p.Paused = pausedNow(err)
	}
	return p
}

// pausedNow says why no call is made at the moment.
func pausedNow(err error) string {
	failed, _ := errors.AsType[*zotlo.Error](err)
	switch {
	case failed == nil:
		return err.Error()
	case failed.Result == zotlo.ResultOpen:
		return "calls keep failing, so they are paused; one tries again every few seconds"
	case failed.Result == zotlo.ResultThrottled:
		return "paused for " + failed.RetryAfter.Round(time.Second).String() +
			": " + pausedFor("")
	}
	return pausedFor(failed.Code)
}

// cache is where links are kept. Only the memory cache can say how many it has.
func (h *ReportHandler) cache() report.Cache {
	c := report.Cache{Name: h.app.cache.name, Links: -1}
	if _, ok := h.app.cache.guest.(*MemoryCache); ok {
		c.Links = int64(metrics.Value(cachedLinks))
	}
	c.Errors = metrics.Sum(metrics.Read(metrics.CacheErrors, "cache")[c.Name], "cache")[c.Name]
	return c
}

// parseReportDirective reads:
//
//	checkout_report [<matcher>] {
//		user <id>...           (may be repeated)
//		open
//	}
func parseReportDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	at := block.PlaceOf(h.Dispenser)
	handler := new(ReportHandler)
	if h.NextArg() {
		return nil, h.Errf("checkout_report takes no value but a matcher, and %q is none: "+
			"begin a path with /", h.Val())
	}
	b := block.New(h.Dispenser, "checkout_report")
	err := b.Read(block.Options{
		"user": func() error { return parseUsers(b, &handler.Users) },
		"open": func() error { return b.Flag(&handler.Open) },
	})
	if err == nil {
		if err = handler.check(); err != nil {
			err = at.Errorf("%w", err)
		}
	}
	return handler, err
}

// parseUsers adds the ids of a line.
func parseUsers(b *block.Block, to *texts) error {
	ids := b.RemainingArgs()
	if len(ids) == 0 {
		return b.Err("user needs at least one id" + block.Unset)
	}
	for _, id := range ids {
		block.Note("user", id, block.PlaceOf(b.Dispenser))
	}
	*to = append(*to, ids...)
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*ReportHandler)(nil)
	_ caddyhttp.MiddlewareHandler = (*ReportHandler)(nil)
)
