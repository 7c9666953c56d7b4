package ledgeradmin

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// defaultSince is how far a reconciliation looks back.
const defaultSince = 48 * time.Hour

// maxQuestion bounds a question, in bytes.
const maxQuestion = 64 << 10

// question is what a reconciliation is asked.
type question struct {
	Since   string  `json:"since"` // a duration before now, or an instant
	Project *string `json:"project"`
	Apply   bool    `json:"apply"`

	since time.Time
}

const questionMembers = `{"since":"48h","project":"partners","apply":false}, of which all may be ` +
	`left out`

// readQuestion reads one JSON object, and nothing else.
func readQuestion(body io.Reader) (q question, err error) {
	decoder := json.NewDecoder(io.LimitReader(body, maxQuestion))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		return q, failed(http.StatusBadRequest, "the body is not as expected: write %s",
			questionMembers)
	}
	q.since, err = ReadSince(q.Since, time.Now())
	if err != nil {
		return q, failed(http.StatusBadRequest, "%w", err)
	}
	if q.Project != nil && *q.Project == "default" {
		*q.Project = ""
	}
	return q, nil
}

// ReadSince reads how far back something is to be looked at: a duration such as 400d, an instant in
// RFC 3339, a day such as 2026-11-29, or nothing for 48 hours.
func ReadSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now.Add(-defaultSince), nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	d, err := caddy.ParseDuration(text)
	if err != nil || d <= 0 {
		return time.Time{}, failed(http.StatusBadRequest,
			"since: %q is neither a duration nor a date: write one such as 48h, 400d or 2026-11-01",
			text)
	}
	return now.Add(-d), nil
}
