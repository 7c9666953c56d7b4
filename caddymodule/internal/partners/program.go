package partners

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/placeholder"
)

// This file is the option `partners`, and what comes of it.

// Config is the table of partners: people who send visitors and may be paid for it. A campaign may
// be for them (its option `partner`), every link that they brought about carries them, and `caddy
// checkout partners` says what they have sold.
type Config struct {
	// Path is the table: CSV in UTF-8 with a header. The column `code` is required; `from` and
	// `until` (instants in RFC 3339) and `share` (a percentage) have a meaning, and every other
	// column is `{http.checkout.partner.<column>}`. The file is looked at every 10 s; a new one is
	// used once it is the same at two looks and good.
	Path string `json:"path"`
	// From says where a request names a partner. The first place that names one who is active
	// counts.
	From []Place `json:"from,omitempty"`
	// Remember keeps the first partner of a visitor in a cookie. Default: none is kept.
	Remember *Remember `json:"remember,omitempty"`
}

// Remember says how long a visitor's first partner counts.
type Remember struct {
	// For is the life of the cookie `checkout_partner`, 400 days at most.
	For caddy.Duration `json:"for,omitempty"`
	// Consent is a placeholder. The cookie is set only where its value is neither empty, `0` nor
	// `false`. Default: the cookie is set without asking, which many laws do not allow.
	Consent string `json:"consent,omitempty"`
}

// maxRemember is what browsers keep at most (RFC 6265bis, section 5.5).
const maxRemember = 400 * 24 * time.Hour

// Check refuses what could never work. It does not look at the file.
func (cfg *Config) Check() error {
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

// Program is the table of a configuration, ready to serve. A nil one has no partners. It is safe for
// concurrent use, but for Prepare, which belongs to the load.
type Program struct {
	file     *File
	places   []Place
	remember time.Duration // 0: not at all
	consent  string        // the key of a placeholder; empty: nobody is asked
	columns  []string      // that campaigns read
}

// Open checks the configuration and reads its table. A nil one gives a nil Program.
func (cfg *Config) Open() (*Program, error) {
	if cfg == nil {
		return nil, nil
	}
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	path, err := placeholder.Value("partners", cfg.Path)
	if err != nil {
		return nil, err
	}
	p := &Program{places: cfg.From}
	if r := cfg.Remember; r != nil {
		p.remember = time.Duration(r.For)
		p.consent, _ = placeholder.Sole(r.Consent)
	}
	if p.file, err = Open(path); err != nil {
		return nil, fmt.Errorf("partners: %s: %w", path, err)
	}
	return p, nil
}

// Watch begins to take changes of the file in, for the configuration that runs from now on.
func (p *Program) Watch(log *zap.Logger) {
	if p != nil {
		p.file.Watch(log, p.columns)
	}
}

// Close gives the table back.
func (p *Program) Close() error {
	if p == nil {
		return nil
	}
	return p.file.Close()
}

// Share is what a partner gets of a payment that is recorded now; the partner is named as in an
// attribution.
func (p *Program) Share(attributed string) int {
	if p == nil {
		return 0
	}
	partner, _ := p.file.Table().Attributed(attributed)
	return partner.Share()
}

// Name is the code of a partner whom an attribution names, as the table writes it.
func (p *Program) Name(attributed string) string {
	if p == nil {
		return attributed
	}
	if partner, ok := p.file.Table().Attributed(attributed); ok {
		return partner.Code()
	}
	return attributed
}

// errNone is the error about a campaign that asks for partners where there are none.
var errNone = errors.New("partner: there is no table of partners: write `partners <file>` in " +
	"the global checkout option")

// Prepare holds what a campaign says of partners against the table: the codes that it is for, nil for
// none, and its text, which may read columns. The keys are those of the codes, in order; absent are
// the codes that the table does not have.
func (p *Program) Prepare(asked []string, source []byte) (keys, absent []string, err error) {
	columns := placeholder.PartnerColumns(source)
	if p == nil {
		if asked != nil || len(columns) > 0 {
			return nil, nil, errNone
		}
		return nil, nil, nil
	}
	table := p.file.Table()
	if missing := table.Missing(columns); len(missing) > 0 {
		return nil, nil, fmt.Errorf("{http.checkout.partner.%s}: the table of partners has no column "+
			"%s for placeholders; it has: %s", missing[0], missing[0],
			strings.Join(table.Columns(), ", "))
	}
	p.columns = append(p.columns, columns...)
	for _, code := range asked {
		if err := CheckOption(code); err != nil {
			return nil, nil, err
		}
		keys = append(keys, Key(code))
		if _, listed := table.Find(code); !listed {
			absent = append(absent, code)
		}
	}
	slices.Sort(keys)
	return keys, absent, nil
}

// CheckOption refuses a code of a campaign that can be none of a table.
func CheckOption(code string) error {
	if err := placeholder.CheckNames("partner", []string{code}); err != nil {
		return err
	}
	if err := CheckCode(code); err != nil {
		return fmt.Errorf("partner %q: %w", code, err)
	}
	return nil
}

// Visit reads what a request says about partners, before anybody changes its path. It is nil where
// there are none.
func (p *Program) Visit(r *http.Request, now time.Time) *Visit {
	if p == nil {
		return nil
	}
	return &Visit{program: p, arrival: p.file.Table().Arrive(r, p.places, p.remember > 0, now)}
}
