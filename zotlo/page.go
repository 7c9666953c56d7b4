package zotlo

import (
	"encoding/json"
	"fmt"
)

// page is one page of an export.
type page struct {
	records []Record
	unread  int    // records that yield no id
	next    string // the cursor of the page after it; empty: there is none
}

// readPage reads an answer of an export. An export that seems to be empty is taken for books that
// are complete. So an answer must look like one that has nothing to say; what only cannot be read is
// an error.
func readPage(a answer, kind string) (p page, _ *Error) {
	bad := func(why string, args ...any) (page, *Error) {
		e := a.say(ResultBadAnswer)
		e.cause = fmt.Errorf("an export's page: "+why, args...)
		return page{}, e
	}
	result := a.body.object("result")
	raw, ok := result["data"]
	if !ok {
		// An empty array is what PHP writes for an empty object.
		if rows := a.body["result"]; len(rows) > 0 && rows[0] == '[' && len(members(rows)) == 0 {
			return page{}, nil
		}
		return bad("it has no data")
	}
	rows, ok := list(raw)
	if !ok {
		return bad("its data is no list")
	}
	for _, row := range rows {
		o, _ := readObject(row)
		if r, ok := readRecord(kind, o); ok {
			p.records = append(p.records, r)
		} else {
			p.unread++
		}
	}
	if len(rows) == 0 {
		return page{}, nil // the end, whatever its cursor says
	}
	if len(p.records) == 0 {
		return bad("none of its %d records yields an id", len(rows))
	}
	if p.next, ok = readCursor(result.object("paging").object("cursors")["next"]); !ok {
		return bad("its cursor cannot be read")
	}
	return p, nil
}

// maxCursor is the longest cursor that is sent back, in bytes: it travels in a URL.
const maxCursor = 4096

// readCursor reads the cursor of the next page, exactly as it was sent. A missing, null or empty one
// is the end, and so are PHP's other ways to say nothing: false and []. One that cannot be read is not: the books would lack the pages after it.
func readCursor(raw json.RawMessage) (cursor string, ok bool) {
	if !saysAnything(raw, true) {
		return "", true
	}
	var number json.Number
	if raw[0] != '"' && json.Unmarshal(raw, &number) == nil {
		return number.String(), len(raw) <= maxCursor
	}
	err := json.Unmarshal(raw, &cursor)
	return cursor, err == nil && len(cursor) <= maxCursor
}
