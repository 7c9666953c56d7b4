// Package ledgeradmin answers the operator about the ledger: export, import, backup and
// reconciliation. The answers are streams, since a ledger may be large.
package ledgeradmin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/ledger"
)

// Target is the checkout that serves now.
type Target struct {
	// Ledger is the ledger, or why there is none.
	Ledger func() (*ledger.Ledger, error)
	// Reconciliations are those of one project, or of all where the name is nil. Found, Progress and
	// Apply are filled in here.
	Reconciliations func(project *string) ([]ledger.Reconciliation, error)
}

// Routes are the endpoints. Serving finds the checkout that serves now; it is asked at each request,
// since a configuration may be gone by the next one.
func Routes(serving func() (Target, error)) []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: "/checkout/ledger", Handler: endpoint{serving, map[string]answer{
			http.MethodGet: export, http.MethodPost: importLines,
		}}},
		{Pattern: "/checkout/ledger/backup", Handler: endpoint{serving, map[string]answer{
			http.MethodGet: backup,
		}}},
		{Pattern: "/checkout/reconcile", Handler: endpoint{serving, map[string]answer{
			http.MethodPost: reconcile,
		}}},
	}
}

type answer func(t Target, w *stream, r *http.Request) error

// endpoint is one address with its methods.
type endpoint struct {
	serving func() (Target, error)
	methods map[string]answer
}

// Methods are those that the endpoint answers.
func (e endpoint) Methods() []string { return slices.Sorted(maps.Keys(e.methods)) }

// ServeHTTP answers. An error before the first byte is an error of the admin API; one that comes
// later breaks the connection off, so that nobody takes half an answer for a whole one.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	answer, ok := e.methods[r.Method]
	if !ok {
		w.Header().Set("Allow", strings.Join(e.Methods(), ", "))
		return failed(http.StatusMethodNotAllowed, "%s is not answered here", r.Method)
	}
	if r.Method == http.MethodPost && !isJSON(r.Header.Get("Content-Type")) {
		// A form on somebody's web page can post anything else without asking the browser for leave.
		return failed(http.StatusUnsupportedMediaType, "send JSON, with Content-Type: application/json")
	}
	target, err := e.serving()
	if err != nil {
		return failed(http.StatusNotFound, "%w", err)
	}
	out := &stream{w: w}
	err = answer(target, out, r)
	if err != nil && out.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}

// stream is an answer that is sent as it is written.
type stream struct {
	w     http.ResponseWriter
	begun bool
	kind  string // of the content
}

func (s *stream) Write(p []byte) (int, error) {
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", s.kind)
		s.w.Header().Set("Cache-Control", "no-store")
	}
	return s.w.Write(p)
}

// line sends one line at once.
func (s *stream) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := s.Write(append(text, '\n')); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}

const (
	jsonLines = "application/x-ndjson"
	binary    = "application/octet-stream"
)

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == jsonLines)
}

func failed(status int, format string, args ...any) error {
	return caddy.APIError{HTTPStatus: status, Err: fmt.Errorf(format, args...)}
}

// open is the ledger, for an answer that needs one.
func open(t Target) (*ledger.Ledger, error) {
	l, err := t.Ledger()
	if err != nil {
		return nil, failed(http.StatusServiceUnavailable, "the ledger cannot be used: %w", err)
	}
	return l, nil
}

// export sends all facts, a line each.
func export(t Target, w *stream, r *http.Request) error {
	l, err := open(t)
	if err != nil {
		return err
	}
	w.kind = jsonLines
	return l.Export(r.Context(), w)
}

// importLines takes an export in.
func importLines(t Target, w *stream, r *http.Request) error {
	l, err := open(t)
	if err != nil {
		return err
	}
	done, err := l.Import(r.Context(), r.Body)
	if err != nil {
		return failed(http.StatusBadRequest, "%w (%d facts were read, %d of them taken in)",
			err, done.Read, done.Taken)
	}
	w.kind = "application/json"
	return w.line(done)
}

// backup sends a copy of the file.
func backup(t Target, w *stream, r *http.Request) error {
	l, err := open(t)
	if err != nil {
		return err
	}
	w.kind = binary
	err = l.Backup(r.Context(), w)
	if errors.Is(err, ledger.ErrNoBackup) {
		return failed(http.StatusNotFound, "%w", err)
	}
	return err
}

// Line is one line of a reconciliation: a discrepancy, how far it has come, or how it ended.
type Line struct {
	*ledger.Discrepancy
	Project  string `json:"project,omitempty"`
	Export   string `json:"export,omitempty"` // that was read so far
	Records  int    `json:"records,omitempty"`
	Error    string `json:"error,omitempty"` // it ended here
	Finished bool   `json:"finished,omitempty"`
}

// reconcile compares the ledger with Zotlo's exports.
func reconcile(t Target, w *stream, r *http.Request) error {
	question, err := readQuestion(r.Body)
	if err != nil {
		return err
	}
	l, err := open(t)
	if err != nil {
		return err
	}
	list, err := t.Reconciliations(question.Project)
	if err != nil {
		return failed(http.StatusBadRequest, "%w", err)
	}
	w.kind = jsonLines
	for _, one := range list {
		one.Since, one.Apply = question.since, question.Apply
		if err := stop(r.Context(), w, l, one); err != nil {
			return w.line(Line{Project: one.Project, Error: err.Error()})
		}
	}
	return w.line(Line{Finished: true})
}

// stop runs one reconciliation until it is done, or nobody listens any more.
func stop(ctx context.Context, w *stream, l *ledger.Ledger, one ledger.Reconciliation) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tell := func(line Line) {
		line.Project = one.Project
		if w.line(line) != nil {
			cancel()
		}
	}
	one.Found = func(d ledger.Discrepancy) { tell(Line{Discrepancy: &d}) }
	one.Progress = func(export string, records int) { tell(Line{Export: export, Records: records}) }
	return l.Reconcile(ctx, one)
}

// Interface guards
var (
	_ caddy.AdminHandler = endpoint{}
	_ io.Writer          = (*stream)(nil)
)
