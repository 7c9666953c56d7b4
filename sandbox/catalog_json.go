package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// jsonCatalog reads a catalog token by token, so that its errors know the line.
type jsonCatalog struct {
	raw []byte
	dec *json.Decoder
}

// readJSON reads the rows of a JSON array of objects.
func readJSON(raw []byte) ([]row, error) {
	c := jsonCatalog{raw: raw, dec: json.NewDecoder(bytes.NewReader(raw))}
	c.dec.UseNumber()
	if err := c.open('['); err != nil {
		return nil, err
	}
	var rows []row
	for c.dec.More() {
		r, err := c.object()
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	if _, err := c.token(); err != nil { // the ]
		return nil, err
	}
	if _, err := c.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: something follows the array", c.line())
	}
	return rows, nil
}

// object reads one product.
func (c jsonCatalog) object() (row, error) {
	if err := c.open('{'); err != nil {
		return row{}, err
	}
	r := row{line: c.line(), cells: make(map[string]cell)}
	for c.dec.More() {
		token, err := c.token()
		if err != nil {
			return row{}, err
		}
		name, _ := token.(string)
		// encoding/json would take the last one, and nobody would see the other price.
		if _, twice := r.cells[name]; twice {
			return row{}, r.wrong(name, errors.New("stands twice"))
		}
		if token, err = c.token(); err != nil {
			return row{}, err
		}
		r.cells[name] = cell{line: c.line()}
		text, err := scalar(name, token)
		if err != nil {
			return row{}, r.wrong(name, err)
		}
		r.cells[name] = cell{c.line(), text}
	}
	_, err := c.token() // the }
	return r, err
}

// scalar writes a value as a cell of a CSV file has it. null is an empty one.
func scalar(name string, token json.Token) (string, error) {
	switch v := token.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		if name == "one_time" {
			return strconv.FormatBool(v), nil
		}
	case json.Number:
		// As it is written: 9.90 must not become 9.9 on the way through a float.
		if name == "link_id" || name == "price" || name == "trial_price" {
			return v.String(), nil
		}
	}
	return "", errors.New("must be a text")
}

// open reads the beginning of an array or object.
func (c jsonCatalog) open(want json.Delim) error {
	token, err := c.token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("line %d: a catalog is an array of objects", c.line())
	}
	return nil
}

// token reads the next token. The decoder's own errors know no line.
func (c jsonCatalog) token() (json.Token, error) {
	token, err := c.dec.Token()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("line %d: the file ends too early", c.line())
	case err != nil:
		return nil, fmt.Errorf("line %d: %w", c.line(), err)
	}
	return token, nil
}

// line is the one that was read last.
func (c jsonCatalog) line() int {
	return 1 + bytes.Count(c.raw[:c.dec.InputOffset()], []byte("\n"))
}
