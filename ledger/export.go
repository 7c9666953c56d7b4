package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// This file moves a ledger: Export writes what it holds as lines of JSON, and Import takes lines
// in, lacking facts only. What follows from facts is not written but made anew, so nothing is
// counted twice. An export holds hashes instead of subscribers, but transaction ids in clear: it is
// to be kept like a book of accounts.

// The version grows when an older importer would take something wrongly, not when a member is
// added.
const (
	exportFormat  = "checkout-ledger"
	exportVersion = 1
	// maxExportLine bounds one line of an import, in bytes. A document has at most MaxValue bytes,
	// of which base64 and the names of members make somewhat more.
	maxExportLine = 2 * MaxValue
)

// exportLine is one line of an export. The first one has Format alone, each other one fact.
// Operators keep such files for years: no member is ever renamed. JSON with a fact a line, so that
// an operator can look into it, count with common tools, and an importer needs memory for one line
// and the days only.
type exportLine struct {
	Format  string     `json:"format,omitempty"`
	Version int        `json:"version,omitempty"`
	At      *time.Time `json:"exported_at,omitempty"`
	// Key tells whether ids mean the same in the ledger that takes the lines in.
	Key []byte `json:"key,omitempty"`
	// Check proves that the lines were written under one of the importer's secrets.
	Check []byte `json:"check,omitempty"`

	ID     []byte      `json:"id,omitempty"`
	Sale   *sale       `json:"sale,omitempty"`
	Origin *origin     `json:"origin,omitempty"`
	Events []happening `json:"events,omitempty"`
	Claim  []byte      `json:"claim,omitempty"`
	Offer  *offer      `json:"offer,omitempty"`
	Until  *time.Time  `json:"until,omitempty"`
	Day    string      `json:"day,omitempty"`
	// A day of partners. It is no Day, which an older importer would take for one of campaigns.
	PartnerDay string           `json:"partner_day,omitempty"`
	Kind       string           `json:"kind,omitempty"`
	Row        map[string]int64 `json:"row,omitempty"`
	// Facts ends the export: how many lines there were, but the first and this one.
	Facts *int `json:"facts,omitempty"`
}

// counter counts the lines that it encodes. Its number closes the file, and the reader knows by it
// that the file is whole.
type counter struct {
	*json.Encoder
	n int
}

// Encode writes one line.
func (c *counter) Encode(line exportLine) error {
	c.n++
	return c.Encoder.Encode(line)
}

// ErrNoBackup means that the ledger is in no file of its own.
var ErrNoBackup = errors.New("only a ledger in a file can be copied: export this one, or back up " +
	"its Redis")

// Backup writes a copy of the ledger's file while it is used. To restore it, put it in the place of
// the file. A copy keeps the seals, so it needs the same secrets and shows nothing; an export can
// be read by anybody.
func (l *Ledger) Backup(ctx context.Context, to io.Writer) error {
	file, ok := l.store.(interface {
		Backup(context.Context, io.Writer) error
	})
	if !ok {
		return ErrNoBackup
	}
	return file.Backup(ctx, to)
}

// Export writes the ledger. What changes meanwhile may be in it as it was or as it is. Marks and
// rows of what is outstanding are left out, being the work of this ledger and no facts.
func (l *Ledger) Export(ctx context.Context, to io.Writer) error {
	buffered := bufio.NewWriter(to)
	out := &counter{Encoder: json.NewEncoder(buffered)}
	out.SetEscapeHTML(false)
	now := l.now().UTC()
	err := out.Encoder.Encode(exportLine{
		Format: exportFormat, Version: exportVersion, At: &now,
		Key: []byte(l.codec.hash("key")), Check: l.secrets.keys[0].exportCheck(),
	})
	for _, part := range []func(context.Context, *counter) error{
		l.exportSales, l.exportOrigins, l.exportPersons, l.exportClaims, l.exportOffers,
		l.exportDays,
	} {
		if err == nil {
			err = part(ctx, out)
		}
	}
	if err == nil {
		err = out.Encoder.Encode(exportLine{Facts: &out.n})
	}
	if err != nil {
		return fmt.Errorf("exporting the ledger: %w", err)
	}
	return buffered.Flush()
}

// exportSales writes payments and refunds, out of their seal: the lines are readable, so that
// another ledger can seal them under its own key.
func (l *Ledger) exportSales(ctx context.Context, out *counter) error {
	return l.eachSale(ctx, func(key Key, d *sale, end time.Time) error {
		return out.Encode(exportLine{ID: []byte(key.ID), Sale: d, Until: until(end)})
	})
}

// exportOrigins writes subscriptions. They cannot be made from sales alone: their states came by
// webhooks of their own.
func (l *Ledger) exportOrigins(ctx context.Context, out *counter) error {
	return l.eachOrigin(ctx, func(key Key, o *origin, end time.Time) error {
		return out.Encode(exportLine{ID: []byte(key.ID), Origin: o, Until: until(end)})
	})
}

// exportPersons writes the events of subscribers; all else of them follows from sales and origins.
func (l *Ledger) exportPersons(ctx context.Context, out *counter) error {
	return l.store.Scan(ctx, kindPerson, func(id string, doc Doc) error {
		var p person
		if err := l.codec.read(Key{kindPerson, id}, doc.Value, &p); err != nil {
			return err
		}
		if len(p.Events) == 0 {
			return nil
		}
		return out.Encode(exportLine{ID: []byte(id), Events: p.Events, Until: until(doc.Until)})
	})
}

// exportClaims writes claims as they are. They are hashes under the key of this store, so only a
// ledger with the same key can use them.
func (l *Ledger) exportClaims(ctx context.Context, out *counter) error {
	return l.store.Scan(ctx, kindClaim, func(id string, doc Doc) error {
		return out.Encode(exportLine{ID: []byte(id), Claim: doc.Value, Until: until(doc.Until)})
	})
}

// exportOffers writes which signed offers were paid or revoked. A payment that spent one may be gone
// by now, and nothing else tells of one that was revoked.
func (l *Ledger) exportOffers(ctx context.Context, out *counter) error {
	return l.store.Scan(ctx, kindOffer, func(id string, doc Doc) error {
		o := new(offer)
		if err := l.codec.read(Key{kindOffer, id}, doc.Value, o); err != nil {
			return err
		}
		return out.Encode(exportLine{Offer: o, Until: until(doc.Until)})
	})
}

// exportDays writes all days, though most follow from sales: which of them do not, only the
// importer can know.
func (l *Ledger) exportDays(ctx context.Context, out *counter) error {
	err := l.store.ScanRows(ctx, kindDay, func(id string, row map[string]int64) error {
		return out.Encode(exportLine{Day: id, Row: row})
	})
	if err != nil {
		return err
	}
	return l.store.ScanRows(ctx, kindPartner, func(id string, row map[string]int64) error {
		return out.Encode(exportLine{PartnerDay: id, Row: row})
	})
}

// until is when a document ends, or nil. A year of five digits, as of a subscription that runs until
// 9999 and is kept for longer, cannot be written (RFC 3339, section 1).
func until(end time.Time) *time.Time {
	if end = end.UTC(); end.IsZero() || end.Year() > 9999 {
		return nil
	}
	return &end
}

// exportCheck is what proves that an export was written under this secret. It is a keyed hash of a
// fixed text, so it tells nothing of the secret.
func (k secretKeys) exportCheck() []byte { return []byte(k.sum("export")) }

// ErrNoExport means that what is to be imported is no export of a ledger.
var ErrNoExport = errors.New("this is no export of a ledger")

// Imported says what an import has done. A second import of the same file reads as many and takes
// none.
type Imported struct {
	// Facts.
	Read int `json:"read"`
	// Those that were lacking.
	Taken int `json:"taken"`
	// Passed are facts without a transaction id that another ledger's key named: those of
	// subscribers who were purged.
	Passed int `json:"passed,omitempty"`
}

// Import takes an export in: facts that are lacking, by their identity. Sums are made from facts,
// except for days that are older than any fact, which only an empty ledger takes. It may be stopped
// and done again. An error names the line; the lines before it were taken.
func (l *Ledger) Import(ctx context.Context, from io.Reader) (done Imported, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 64<<10), maxExportLine)
	in := &importer{Ledger: l, ctx: ctx}
	for n := 1; lines.Scan(); n++ {
		var line exportLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			// A first line that is not even JSON is that of a wrong file, not of a damaged one.
			if n == 1 {
				return done, ErrNoExport
			}
			return done, fmt.Errorf("line %d: it is not a line of an export", n)
		}
		if n == 1 {
			err = in.begin(line)
		} else {
			err = in.take(line, &done)
		}
		if err != nil {
			return done, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return done, fmt.Errorf("reading an export: %w", err)
	}
	switch {
	case !in.begun:
		return done, ErrNoExport
	// A file that ends between two lines is good JSON to its end. Only this tells.
	case !in.ended:
		return done, errors.New("the export is cut off: its last line is missing")
	}
	return done, in.takeDays(&done)
}
