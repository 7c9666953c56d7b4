// Package partners is the operator's table of partners: people who send visitors and may be paid
// for it. It reads the table, looks codes up for each click, takes changes of the file in while the
// site runs, and remembers a visitor's first partner in a cookie.
package partners

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"
)

// MaxRows is how many partners a table may have.
const MaxRows = 1_000_000

// Table is a table that was read. It does not change, and is safe for concurrent use. A hundred
// thousand rows take a few megabytes: all cells stand in one text, one after the other, and a code
// is found by its hash.
type Table struct {
	columns []string // those that placeholders name, in the order of the file
	text    string   // every cell: of each row the code, the code as it is compared, the columns
	ends    []uint32 // where each cell ends in text

	// One for each row, or nil where the file has no such column.
	from, until []int64 // Unix seconds; 0: none
	share       []uint16

	seed  maphash.Seed
	index []uint32       // row + 1 by the hash of the code; 0 is empty
	long  map[string]int // rows by Partner.Attribution, where that is not the code
}

// Partner is one row of a table. The zero Partner is nobody.
type Partner struct {
	table *Table
	row   int
}

// Len is the number of partners.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return len(t.ends) / t.stride()
}

// stride is how many cells a row has.
func (t *Table) stride() int { return 2 + len(t.columns) }

// Has reports whether the table has a column of that name for placeholders.
func (t *Table) Has(column string) bool { return slices.Contains(t.columns, column) }

// Columns are the names of the columns for placeholders.
func (t *Table) Columns() []string { return slices.Clone(t.columns) }

// Find looks a code up, as a visitor wrote it: case, Unicode form and white space around it do not
// count. It allocates nothing for codes of ASCII.
func (t *Table) Find(code string) (p Partner, ok bool) {
	if t == nil {
		return Partner{}, false
	}
	code = strings.TrimSpace(code)
	var room [maxRunes]byte
	key, ascii := foldASCII(code, room[:0])
	if !ascii {
		key = []byte(foldUnicode(code))
	}
	if len(key) == 0 {
		return Partner{}, false
	}
	mask := uint64(len(t.index) - 1)
	for i := maphash.Bytes(t.seed, key) & mask; t.index[i] != 0; i = (i + 1) & mask {
		row := int(t.index[i]) - 1
		if t.cell(row, 1) == string(key) {
			return Partner{t, row}, true
		}
	}
	return Partner{}, false
}

// Attributed is the partner whom an attribution names: by the code, or by what stands for it where
// it is long.
func (t *Table) Attributed(text string) (p Partner, ok bool) {
	if p, ok := t.Find(text); ok || t == nil {
		return p, ok
	}
	row, ok := t.long[text]
	return Partner{t, row}, ok
}

// cell is the n-th cell of a row.
func (t *Table) cell(row, n int) string {
	i := row*t.stride() + n
	begin := uint32(0)
	if i > 0 {
		begin = t.ends[i-1]
	}
	return t.text[begin:t.ends[i]]
}

// Known reports whether this is somebody.
func (p Partner) Known() bool { return p.table != nil }

// Code is the code as the table writes it; empty for nobody.
func (p Partner) Code() string {
	if !p.Known() {
		return ""
	}
	return p.table.cell(p.row, 0)
}

// Key is the code as codes are compared: equal for two texts of one code.
func (p Partner) Key() string {
	if !p.Known() {
		return ""
	}
	return p.table.cell(p.row, 1)
}

// Value is what the table says of the partner in a column; empty where there is no such column.
func (p Partner) Value(column string) string {
	if !p.Known() {
		return ""
	}
	i := slices.Index(p.table.columns, column)
	if i < 0 {
		return ""
	}
	return p.table.cell(p.row, 2+i)
}

// Active reports whether the partner counts at an instant: from is inclusive, until exclusive.
func (p Partner) Active(at time.Time) bool {
	if !p.Known() {
		return false
	}
	now := at.Unix()
	if p.table.from != nil && now < p.table.from[p.row] {
		return false
	}
	return p.table.until == nil || p.table.until[p.row] == 0 || now < p.table.until[p.row]
}

// Share is what the partner gets of a payment, in hundredths of a percent.
func (p Partner) Share() int {
	if !p.Known() || p.table.share == nil {
		return 0
	}
	return int(p.table.share[p.row])
}

// Attribution is how a link names the partner: by the code, or by its hash where the code would take
// more than [maxEscaped] characters of the link's text.
func (p Partner) Attribution() string { return attribution(p.Code()) }
