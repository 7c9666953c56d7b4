package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How many records a page of an export holds.
const (
	exportLimit = 25
	exportMost  = 100
)

// exportQuery is what an export is asked for.
type exportQuery struct {
	limit     int
	from, to  time.Time // records of [from, to); zero: without an end
	packageID string
	country   string
	filters   string // all of the above, to compare with those of a cursor
	sent      string // the cursor as it was sent
	cursor    *cursor
	backwards bool // the cursor is that of before
}

// cursor is a place between two records. On the wire it is opaque.
type cursor struct {
	Created int64  `json:"c,omitempty"` // of the record before the place
	RowID   int    `json:"r,omitempty"`
	Count   int    `json:"n,omitempty"` // records before the place, with ExportMoves
	Filters string `json:"f"`
}

// text writes a cursor.
func (c cursor) text() *string {
	text := base64.RawURLEncoding.EncodeToString(marshal(c))
	return &text
}

// readExport reads the parameters of an export. What it does not know is
// ignored, isSandbox among it. Zotlo says nothing about limits above 100, about
// both cursors at once or about other filters beside a cursor: they are refused,
// so that a client does not come to need them.
func readExport(values url.Values, d Doubts) (q exportQuery, e *refusal) {
	q = exportQuery{
		limit: exportLimit, packageID: values.Get("package_id"), country: values.Get("country"),
	}
	wrong := func(why string) (exportQuery, *refusal) {
		return exportQuery{}, invented(CodeInventedQuery, why)
	}
	if values.Has("limit") {
		n, err := strconv.Atoi(values.Get("limit"))
		if err != nil || n < 1 || n > exportMost {
			return wrong("limit must be a number from 1 to 100")
		}
		q.limit = n
	}
	// In which zone a day of an export begins is not published: Doubts move it.
	zone := time.FixedZone("", d.ExportZone*60*60)
	var err error
	if text := values.Get("start_date"); text != "" {
		if q.from, err = time.ParseInLocation(time.DateOnly, text, zone); err != nil {
			return wrong("start_date must look like 2026-03-14")
		}
	}
	if text := values.Get("end_date"); text != "" {
		last, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			return wrong("end_date must look like 2026-03-14")
		}
		q.to = last.AddDate(0, 0, 1) // both days belong to it
	}
	if !q.from.IsZero() && !q.to.IsZero() && !q.from.Before(q.to) {
		return wrong("start_date is after end_date")
	}
	// A cursor is a place in one list: under other filters it would skip records in silence.
	q.filters = strings.Join([]string{
		values.Get("start_date"), values.Get("end_date"), q.packageID, q.country,
	}, "|")
	after, before := values.Get("after"), values.Get("before")
	if after != "" && before != "" {
		return wrong("after and before exclude each other")
	}
	if q.sent, q.backwards = cmp.Or(after, before), before != ""; q.sent == "" {
		return q, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(q.sent)
	if err != nil || json.Unmarshal(raw, &q.cursor) != nil || q.cursor == nil {
		return wrong("this is no cursor")
	}
	if q.cursor.Filters != q.filters {
		return wrong("the filters must be those that the cursor was answered to")
	}
	return q, nil
}

// matches reports whether an export lists a record.
func (q exportQuery) matches(r exported, now time.Time, d Doubts) bool {
	live := d.ExportWorld == "" || d.ExportWorld == "live"
	switch {
	case r.testMode && live, !r.testMode && d.ExportWorld == "test":
		return false
	case d.ExportAfter > 0 && now.Sub(r.created) < time.Duration(d.ExportAfter):
		return false
	case q.packageID != "" && q.packageID != r.packageID:
		return false
	// All shoppers of the sandbox are of one country.
	case q.country != "" && q.country != country:
		return false
	case !q.from.IsZero() && r.created.Before(q.from):
		return false
	}
	return q.to.IsZero() || r.created.Before(q.to)
}

// sorted puts the records that an export lists in its order: the newest first,
// unless Doubts turn it round.
func (q exportQuery) sorted(list []exported, now time.Time, d Doubts) []exported {
	list = slices.DeleteFunc(list, func(r exported) bool { return !q.matches(r, now, d) })
	slices.SortFunc(list, func(a, b exported) int { return a.compare(b, d) })
	return list
}

// compare orders two records.
func (r exported) compare(other exported, d Doubts) int {
	// The row decides where two were made at once: without it, a page could lose one of them.
	order := cmp.Or(r.created.Compare(other.created), cmp.Compare(r.rowID, other.rowID))
	if d.ExportOldestFirst {
		return order
	}
	return -order
}
