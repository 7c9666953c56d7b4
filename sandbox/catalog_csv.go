package sandbox

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// readCSV reads the rows of a CSV file (RFC 4180). Its first record names the
// members.
func readCSV(raw []byte) ([]row, error) {
	reader := csv.NewReader(bytes.NewReader(raw))
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	if bytes.ContainsRune(first, ';') && !bytes.ContainsRune(first, ',') {
		reader.Comma = ';'
	}
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("line 1: no header")
	}
	if err != nil {
		return nil, csvError(err)
	}
	if err := checkColumns(header); err != nil {
		return nil, err
	}
	var rows []row
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, csvError(err)
		}
		r := row{cells: make(map[string]cell, len(record))}
		for i, text := range record {
			line, _ := reader.FieldPos(i)
			if i == 0 {
				r.line = line
			}
			r.cells[header[i]] = cell{line, text}
		}
		rows = append(rows, r)
	}
}

// checkColumns refuses a header with a name that is unknown or stands twice.
func checkColumns(header []string) error {
	top := row{line: 1, cells: make(map[string]cell)}
	for _, name := range header {
		if _, twice := top.cells[name]; twice {
			return top.wrong(name, errors.New("stands twice"))
		}
		top.cells[name] = cell{line: 1}
		if _, known := catalogRules[name]; !known {
			return top.wrong(name, errors.New("is no column of a catalog"))
		}
	}
	return nil
}

// csvError says the line as the rest of the catalog's errors do.
func csvError(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("line %d: %w", e.Line, e.Err)
	}
	return err
}
