package partners

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// This file reads a table. Its errors name the line, and never more of the file than a cell that
// the operator wrote wrong.

// maxBytes bounds a file, so that one that was named by mistake does not fill the memory.
const maxBytes = 1 << 30

// The columns that have a meaning; every other one is for placeholders.
const (
	columnCode  = "code"
	columnFrom  = "from"
	columnUntil = "until"
	columnShare = "share"
)

// Read reads a table: CSV (RFC 4180) in UTF-8 with a header. A byte order mark is passed over, and
// where the header has a semicolon, semicolons separate the cells, as spreadsheets of many
// countries write them.
func Read(from io.Reader) (*Table, error) {
	buffered := bufio.NewReaderSize(&bounded{from: from, left: maxBytes}, headerRoom)
	if mark, _ := buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3)
	}
	rows := csv.NewReader(buffered)
	rows.ReuseRecord = true
	if separatedBySemicolons(buffered) {
		rows.Comma = ';'
	}
	r := &reader{csv: rows, table: &Table{seed: maphash.MakeSeed()}}
	if err := r.header(); err != nil {
		return nil, err
	}
	for {
		switch err := r.row(); {
		case errors.Is(err, io.EOF):
			return r.finish()
		case err != nil:
			return nil, err
		}
	}
}

// headerRoom is how much of the file is looked at for the header's separator.
const headerRoom = 64 << 10

func separatedBySemicolons(from *bufio.Reader) bool {
	begin, _ := from.Peek(headerRoom)
	line, _, _ := strings.Cut(strings.TrimLeft(string(begin), "\r\n"), "\n")
	return strings.Contains(line, ";")
}

// bounded is a reader that fails where the file is too long, instead of ending early.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(to []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("it is longer than %d bytes: is this the table of partners?", maxBytes)
	}
	n, err := b.from.Read(to[:min(int64(len(to)), b.left)])
	b.left -= int64(n)
	return n, err
}

// reader is one table that is being read.
type reader struct {
	csv   *csv.Reader
	table *Table
	text  strings.Builder
	lines []uint32 // of each row, to name the first of two

	code, from, until, share int   // places of the columns; -1: none
	others                   []int // places of the columns for placeholders
}

var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// header reads the names of the columns.
func (r *reader) header() error {
	names, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("line 1: the table is empty: its first line names the columns, such as " +
			"code,share,from,until")
	}
	if err != nil {
		return lineOf(err)
	}
	r.code, r.from, r.until, r.share = -1, -1, -1, -1
	places := map[string]*int{
		columnCode: &r.code, columnFrom: &r.from, columnUntil: &r.until, columnShare: &r.share,
	}
	var seen []string
	for i, name := range names {
		name = strings.TrimSpace(name)
		switch {
		case !columnName.MatchString(name):
			return r.errorf("the column name %q is not lower case letters, digits and _, beginning "+
				"with a letter", name)
		case slices.Contains(seen, name):
			return r.errorf("there are two columns %s", name)
		}
		seen = append(seen, name)
		if place := places[name]; place != nil {
			*place = i
		} else {
			r.table.columns, r.others = append(r.table.columns, name), append(r.others, i)
		}
	}
	if r.code < 0 {
		return r.errorf("there is no column code")
	}
	return nil
}

// row reads one partner. The error is io.EOF at the end.
func (r *reader) row() error {
	cells, err := r.csv.Read()
	if err != nil {
		return lineOf(err)
	}
	t := r.table
	if t.Len() >= MaxRows {
		return r.errorf("there are more than %d partners", MaxRows)
	}
	code := strings.TrimSpace(cells[r.code])
	if err := CheckCode(code); err != nil {
		return r.errorf("%w", err)
	}
	if err := r.times(cells); err != nil {
		return err
	}
	if r.share >= 0 {
		share, err := parseShare(cells[r.share])
		if err != nil {
			return r.errorf("%w", err)
		}
		t.share = append(t.share, share)
	}
	line, _ := r.csv.FieldPos(0)
	r.lines = append(r.lines, uint32(min(line, math.MaxUint32))) //nolint:gosec // bounded
	if err := r.add(code); err != nil {
		return err
	}
	var room [maxRunes]byte
	key, ascii := foldASCII(code, room[:0])
	if !ascii {
		key = []byte(foldUnicode(code))
	}
	r.text.Write(key)
	if err := r.add(""); err != nil {
		return err
	}
	for _, i := range r.others {
		if !utf8.ValidString(cells[i]) {
			return r.errorf("%s: it is no UTF-8: save the file as UTF-8", names(r.table, i, r.others))
		}
		if err := r.add(cells[i]); err != nil {
			return err
		}
	}
	return nil
}

// names is the name of the column that stands in a place.
func names(t *Table, place int, others []int) string {
	return t.columns[slices.Index(others, place)]
}

// add puts a cell at the end of the text.
func (r *reader) add(cell string) error {
	r.text.WriteString(cell)
	if r.text.Len() > math.MaxUint32 {
		return r.errorf("the table is too long")
	}
	r.table.ends = append(r.table.ends, uint32(r.text.Len())) //nolint:gosec // bounded above
	return nil
}

// times reads from and until.
func (r *reader) times(cells []string) error {
	at := [2]int64{}
	for i, column := range [...]struct {
		name  string
		place int
		to    *[]int64
	}{{columnFrom, r.from, &r.table.from}, {columnUntil, r.until, &r.table.until}} {
		if column.place < 0 {
			continue
		}
		if text := strings.TrimSpace(cells[column.place]); text != "" {
			instant, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return r.errorf("%s: %q is not an instant with its zone: write one such as "+
					"2026-11-27T00:00:00+01:00", column.name, text)
			}
			at[i] = instant.Unix()
		}
		*column.to = append(*column.to, at[i])
	}
	if at[1] != 0 && at[1] <= at[0] {
		return r.errorf("until: it is not after from")
	}
	return nil
}

// errShare is what is wrong with a share.
func errShare(text string) error {
	return fmt.Errorf("share: %q is not a percentage from 0 to 100 with at most two decimals: "+
		"write one such as 12.5", text)
}

// parseShare reads a percentage, in hundredths of a percent. A % behind it is passed over.
func parseShare(cell string) (uint16, error) {
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(cell), "%"))
	if text == "" {
		return 0, nil
	}
	// Where semicolons separate the cells, a comma is the decimal point.
	whole, fraction, point := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if point && fraction == "" || len(fraction) > 2 {
		return 0, errShare(cell)
	}
	n, err := strconv.ParseUint(whole+(fraction + "00")[:2], 10, 16)
	if err != nil || n > 100_00 || whole == "" || whole[0] == '+' {
		return 0, errShare(cell)
	}
	return uint16(n), nil
}

// finish makes the index, and refuses a code that stands there twice.
func (r *reader) finish() (*Table, error) {
	t := r.table
	t.text = strings.Clone(r.text.String()) // the builder has room that nobody needs
	t.ends = slices.Clip(t.ends)
	n := t.Len()
	t.index = make([]uint32, 1<<bits.Len(uint(2*n)))
	mask := uint64(len(t.index) - 1)
	for row := range n {
		key := t.cell(row, 1)
		i := maphash.String(t.seed, key) & mask
		for ; t.index[i] != 0; i = (i + 1) & mask {
			if other := t.index[i] - 1; t.cell(int(other), 1) == key {
				return nil, fmt.Errorf("line %d: the code %q stands on line %d already: case and "+
					"Unicode form do not tell codes apart", r.lines[row], t.cell(row, 0), r.lines[other])
			}
		}
		t.index[i] = uint32(row + 1) //nolint:gosec // MaxRows at most
		if code := t.cell(row, 0); attribution(code) != code {
			if t.long == nil {
				t.long = make(map[string]int)
			}
			t.long[attribution(code)] = row
		}
	}
	return t, nil
}

// errorf is an error about the row that was read last.
func (r *reader) errorf(format string, args ...any) error {
	line, _ := r.csv.FieldPos(0)
	return fmt.Errorf("line %d: %w", line, fmt.Errorf(format, args...))
}

// lineOf gives an error of the CSV its line, as all others here have it.
func lineOf(err error) error {
	broken, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case !ok:
		return err
	case errors.Is(err, csv.ErrFieldCount):
		return fmt.Errorf("line %d: it has more or fewer cells than the header", broken.Line)
	}
	return fmt.Errorf("line %d: %w", broken.Line, broken.Err)
}
