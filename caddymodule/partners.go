package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/metrics"
	"github.com/caddy-checkout/checkout/caddymodule/internal/partners"
	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
	"github.com/caddy-checkout/checkout/campaign"
)

// Partners is the table of partners: people who send visitors and may be paid for it. A campaign
// may be for them (its option `partner`), every link that they brought about carries them, and
// `caddy checkout partners` says what they have sold.
type Partners struct {
	// Path is the table: CSV in UTF-8 with a header. The column `code` is required; `from` and
	// `until` (instants in RFC 3339) and `share` (a percentage) have a meaning, and every other
	// column is `{http.checkout.partner.<column>}`. The file is looked at every 10 s; a new one is
	// used once it is the same at two looks and good.
	Path string `json:"path"`
	// From says where a request names a partner. The first place that names one who is active
	// counts.
	From []partners.Place `json:"from,omitempty"`
	// Remember keeps the first partner of a visitor in a cookie. Default: none is kept.
	Remember *RememberPartner `json:"remember,omitempty"`
}

// RememberPartner says how long a visitor's first partner counts.
type RememberPartner struct {
	// For is the life of the cookie `checkout_partner`, 400 days at most.
	For caddy.Duration `json:"for,omitempty"`
	// Consent is a placeholder. The cookie is set only where its value is neither empty, `0` nor
	// `false`. Default: the cookie is set without asking, which many laws do not allow.
	Consent string `json:"consent,omitempty"`
}

// maxRemember is what browsers keep at most (RFC 6265bis, section 5.5).
const maxRemember = 400 * 24 * time.Hour

// check refuses what could never work. It does not look at the file.
func (cfg *Partners) check() error {
	if cfg.Path == "" {
		return errors.New("partners: the file is missing: write `partners /etc/caddy/partners.csv {`")
	}
	if len(cfg.From) == 0 {
		return errors.New("partners: from is missing: write where a request names a partner, such " +
			"as `from query ref`")
	}
	for _, place := range cfg.From {
		if err := place.Check(); err != nil {
			return fmt.Errorf("partners: %w", err)
		}
	}
	r := cfg.Remember
	if r == nil {
		return nil
	}
	if d := time.Duration(r.For); d < time.Second || d > maxRemember {
		return errors.New("partners: remember: write a duration from 1s to 400d, which is the " +
			"longest that browsers keep a cookie")
	}
	if _, ok := placeholder.Sole(r.Consent); r.Consent != "" && !ok {
		return fmt.Errorf("partners: remember: %q is not one placeholder: write one such as "+
			"{http.request.cookie.consent}", r.Consent)
	}
	return nil
}

// partnerTable is the table of a configuration, ready to serve. A nil one has no partners.
type partnerTable struct {
	file     *partners.File
	places   []partners.Place
	remember time.Duration // 0: not at all
	consent  string        // the key of a placeholder; empty: nobody is asked
	columns  []string      // that campaigns read
}

// open reads the table. It is nil where there are no partners.
func (cfg *Partners) open() (*partnerTable, error) {
	if cfg == nil {
		return nil, nil
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	path, err := placeholder.Value("partners", cfg.Path)
	if err != nil {
		return nil, err
	}
	t := &partnerTable{places: cfg.From}
	if r := cfg.Remember; r != nil {
		t.remember = time.Duration(r.For)
		t.consent, _ = placeholder.Sole(r.Consent)
	}
	if t.file, err = partners.Open(path); err != nil {
		return nil, fmt.Errorf("partners: %s: %w", path, err)
	}
	return t, nil
}

// watch begins to take changes of the file in, for the configuration that runs from now on.
func (t *partnerTable) watch(log *zap.Logger) {
	if t != nil {
		t.file.Watch(log, t.columns)
	}
}

// close gives the table back.
func (t *partnerTable) close() error {
	if t == nil {
		return nil
	}
	return t.file.Close()
}

// share is what a partner gets of a payment that is recorded now; the partner is named as in an
// attribution.
func (t *partnerTable) share(attributed string) int {
	if t == nil {
		return 0
	}
	p, _ := t.file.Table().Attributed(attributed)
	return p.Share()
}

// name is the code of a partner whom an attribution names, as the table writes it.
func (t *partnerTable) name(attributed string) string {
	if t == nil {
		return attributed
	}
	if p, ok := t.file.Table().Attributed(attributed); ok {
		return p.Code()
	}
	return attributed
}

// errNoPartners is the error about a campaign that asks for partners where there are none.
var errNoPartners = errors.New("partner: there is no table of partners: write `partners <file>` in " +
	"the global checkout option")

// prepare holds what a campaign says of partners against the table.
func (t *partnerTable) prepare(e *entry, log *zap.Logger) error {
	asked := e.Config().Partner
	columns := placeholder.PartnerColumns(e.source)
	if t == nil {
		if asked != nil || len(columns) > 0 {
			return errNoPartners
		}
		return nil
	}
	table := t.file.Table()
	if missing := table.Missing(columns); len(missing) > 0 {
		return fmt.Errorf("{http.checkout.partner.%s}: the table of partners has no column %s for "+
			"placeholders; it has: %s", missing[0], missing[0], strings.Join(table.Columns(), ", "))
	}
	t.columns = append(t.columns, columns...)
	for _, code := range asked {
		if err := checkPartnerCode(code); err != nil {
			return err
		}
		e.partners = append(e.partners, partners.Key(code))
		if _, listed := table.Find(code); !listed {
			log.Warn("a campaign names a partner who is not in the table",
				zap.String("campaign", e.Name()), zap.String("partner", code))
		}
	}
	slices.Sort(e.partners)
	return nil
}

// checkPartnerCode refuses what can be no code of a table.
func checkPartnerCode(code string) error {
	if err := placeholder.CheckNames("partner", []string{code}); err != nil {
		return err
	}
	if err := partners.CheckCode(code); err != nil {
		return fmt.Errorf("partner %q: %w", code, err)
	}
	return nil
}

// arrival is what the request says about partners. It is read once for all directives, before one
// of them changes the path.
func (d *decision) arrival() *partners.Arrival {
	if d.state.arrival == nil {
		t := d.rt.partners
		a := t.file.Table().Arrive(d.r, t.places, t.remember > 0, d.now)
		d.state.arrival = &a
	}
	return d.state.arrival
}

// partner is who has sent the visitor; nobody where there are no partners.
func (d *decision) partner() partners.Partner {
	if d.rt.partners == nil {
		return partners.Partner{}
	}
	return d.arrival().Partner
}

// Partner reports whether the campaign at this place is for the partner who has sent the visitor.
func (d *decision) Partner(index int) bool {
	p := d.partner()
	if !p.Known() {
		return false
	}
	listed := d.entries[index].partners
	if len(listed) == 0 {
		return true
	}
	_, found := slices.BinarySearch(listed, p.Key())
	return found
}

// meetPartner counts the codes that a request brought, and remembers the first partner of the
// visitor. It is for requests of visitors who come to see something: a browser's guess earns nobody
// a share. A request counts once, however many of our directives it meets.
func (d *decision) meetPartner(w http.ResponseWriter) {
	if d.state.met {
		return
	}
	d.state.met = true
	a := d.arrival()
	for _, code := range a.Codes {
		metrics.PartnerCodes.WithLabelValues(code.In, code.Result).Inc()
	}
	t := d.rt.partners
	if t.remember == 0 {
		return
	}
	if t.consent != "" {
		value, _ := d.repl.GetString(t.consent)
		if !partners.Consents(value) {
			return
		}
	}
	a.Remember(w, t.remember)
}

// countPartnerLink counts a link that was handed out for a partner.
func (d *decision) countPartnerLink() {
	p := d.partner()
	if !p.Known() {
		return
	}
	if l, err := d.rt.ledger.Get(); err == nil {
		l.Handed(p.Attribution(), d.now)
	}
}

// partnerValue answers {http.checkout.partner} and {http.checkout.partner.<column>}.
func (d *decision) partnerValue(name string) (value any, ok bool) {
	if name == placeholder.Partner {
		return d.partner().Code(), true
	}
	if column, ok := strings.CutPrefix(name, placeholder.Partner+"."); ok {
		return d.partner().Value(column), true
	}
	return nil, false
}

// explainPartner says who has sent the visitor, and what became of the codes of a request.
func (d *decision) explainPartner() []string {
	if d.rt.partners == nil {
		return nil
	}
	a := d.arrival()
	var facts []string
	if a.Partner.Known() {
		facts = append(facts, fmt.Sprintf("partner: %s, by %s", a.Partner.Code(), a.By))
	} else {
		facts = append(facts, "partner: nobody")
	}
	for _, code := range a.Codes {
		switch code.Result {
		case partners.Unknown:
			facts = append(facts, fmt.Sprintf("partner: the code in the %s is nobody's", code.In))
		case partners.Inactive:
			facts = append(facts, fmt.Sprintf("partner: the one whom the %s names is not active",
				code.In))
		}
	}
	return facts
}

// whyNoPartner says why a campaign is not for the partner who has sent the visitor.
func (d *decision) whyNoPartner(c *campaign.Campaign) string {
	wants := strings.Join(c.Config().Partner, ", ")
	if wants == "" {
		wants = "any partner"
	}
	came := "nobody"
	if p := d.partner(); p.Known() {
		came = p.Code()
	}
	return fmt.Sprintf("wants %s, and the visitor was sent by %s", wants, came)
}
