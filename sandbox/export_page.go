package sandbox

import (
	"net/url"
	"sort"
	"time"
)

// export answers one page of an export.
func export(b *books, values url.Values, d Doubts, list lister) answer {
	q, e := readExport(values, d)
	if e != nil {
		return e.answer(d)
	}
	var result any
	b.read(func(now time.Time) {
		result = q.page(q.sorted(list(b, now, d), now, d), d)
	})
	return goodAnswer(result)
}

// exportResult is the result of an export.
type exportResult struct {
	Data   []record `json:"data"`
	Paging paging   `json:"paging"`
}

// paging holds the cursors of the neighbouring pages. A missing previous is
// null; how a missing next looks is a doubt.
type paging struct {
	Cursors map[string]*string `json:"cursors"`
}

// page cuts the page that is asked for out of the whole list.
func (q exportQuery) page(all []exported, d Doubts) exportResult {
	start, end := q.bounds(all, d)
	result := exportResult{Data: make([]record, 0, end-start)}
	for _, r := range all[start:end] {
		result.Data = append(result.Data, r.write().typed(d).named(d))
	}
	result.Paging.Cursors = map[string]*string{"previous": nil}
	if start > 0 && start < end {
		result.Paging.Cursors["previous"] = q.before(all, start, d).text()
	}
	next := result.Paging.Cursors
	switch {
	case end < len(all), d.ExportEnd == "empty_page" && start < end:
		next["next"] = q.before(all, end, d).text()
	case d.ExportEnd == "empty":
		next["next"] = new(string)
	case d.ExportEnd == "missing":
	case d.ExportEnd == "repeated" && q.sent != "":
		next["next"] = &q.sent
	default:
		next["next"] = nil
	}
	return result
}

// bounds are where the page begins and ends in the list.
func (q exportQuery) bounds(all []exported, d Doubts) (start, end int) {
	place := 0
	switch {
	case q.cursor == nil:
	case d.ExportMoves:
		place = min(max(q.cursor.Count, 0), len(all))
	default:
		last := exported{created: time.Unix(0, q.cursor.Created), rowID: q.cursor.RowID}
		place = sort.Search(len(all), func(i int) bool { return all[i].compare(last, d) > 0 })
	}
	if q.backwards {
		return max(place-q.limit, 0), place
	}
	return place, min(place+q.limit, len(all))
}

// before is the place in front of the record with this index, which is not the
// first.
func (q exportQuery) before(all []exported, index int, d Doubts) cursor {
	c := cursor{Filters: q.filters}
	if d.ExportMoves {
		c.Count = index
		return c
	}
	c.Created, c.RowID = all[index-1].created.UnixNano(), all[index-1].rowID
	return c
}
