package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Catalog is what the checkout links sell, by checkoutLinkId.
type Catalog map[string]BaseLink

// maxCatalog bounds a catalog file, in bytes.
const maxCatalog = 8 << 20

// ReadCatalog reads a catalog: a CSV file with a header, or a JSON array of
// objects. name stands in its errors, which say line and member.
//
// The members, in JSON as in CSV: link_id, package, price and currency are
// required; package_name, name, period ("1 month" if it is missing),
// trial_period, trial_price and one_time (true or false) are not. A CSV file is
// UTF-8, its cells parted by commas or by semicolons. In JSON a link_id and a
// price may be numbers, too. A one-time product has no period and no trial. A
// catalog holds at least one link, and at most 8 MiB.
func ReadCatalog(r io.Reader, name string) (Catalog, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxCatalog+1))
	if err != nil {
		return nil, fmt.Errorf("catalog %s: %w", name, err)
	}
	if len(raw) > maxCatalog {
		return nil, fmt.Errorf("catalog %s: larger than 8 MiB", name)
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	read := readCSV
	if start := bytes.TrimSpace(raw); len(start) > 0 && (start[0] == '[' || start[0] == '{') {
		read = readJSON
	}
	rows, err := read(raw)
	if err != nil {
		return nil, fmt.Errorf("catalog %s, %w", name, err)
	}
	catalog := make(Catalog, len(rows))
	for _, row := range rows {
		id, base, err := row.product()
		if _, twice := catalog[id]; err == nil && twice {
			err = row.wrong("link_id", errors.New("stands twice"))
		}
		if err != nil {
			return nil, fmt.Errorf("catalog %s, %w", name, err)
		}
		catalog[id] = base
	}
	if len(catalog) == 0 {
		return nil, fmt.Errorf("catalog %s: holds no link", name)
	}
	return catalog, nil
}
