package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// transport runs a handler for every request. It stands in for the network where a test lives inside
// a synctest bubble: a goroutine that waits for a socket would keep the bubble's clock from moving.
//
// It is safe for concurrent use, if the handler is.
type transport struct{ handler http.Handler }

// RoundTrip returns once the handler has written its header, or left without:
// then the error is io.ErrUnexpectedEOF, as of a connection that died.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	// A server sees what a client leaves empty: the request line and the Host header.
	in := r.Clone(r.Context())
	in.Body = body
	in.RequestURI = r.URL.RequestURI()
	if in.Host == "" {
		in.Host = r.URL.Host
	}

	read, write := io.Pipe()
	out := &pipeWriter{pipe: write, header: make(http.Header), started: make(chan struct{})}
	go out.serve(t.handler, in)
	select {
	case <-out.started:
	// The handler may go on: its writes fail from here on.
	case <-r.Context().Done():
		_ = read.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	}
	if out.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		Status:        http.StatusText(out.status),
		StatusCode:    out.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        out.sent,
		Body:          read,
		ContentLength: -1,
		Request:       r,
	}, nil
}

// readBody takes the whole body, and closes it as a RoundTripper must.
func readBody(r *http.Request) (io.ReadCloser, error) {
	if r.Body == nil {
		return http.NoBody, nil
	}
	defer func() { _ = r.Body.Close() }()
	raw, err := io.ReadAll(r.Body)
	return io.NopCloser(bytes.NewReader(raw)), err
}

// pipeWriter is the handler's end of the answer.
type pipeWriter struct {
	pipe    *io.PipeWriter
	header  http.Header
	once    sync.Once
	started chan struct{} // closed when status and sent are final
	status  int           // 0: the handler left without an answer
	sent    http.Header
}

// serve runs the handler to its end. http.ErrAbortHandler cuts the answer; any
// other panic is a mistake, and goes on.
func (w *pipeWriter) serve(h http.Handler, r *http.Request) {
	defer func() {
		switch v := recover(); v {
		case nil:
			w.WriteHeader(http.StatusOK)
			_ = w.pipe.Close()
		case http.ErrAbortHandler:
			w.begin(0)
			_ = w.pipe.CloseWithError(io.ErrUnexpectedEOF)
		default:
			panic(v)
		}
	}()
	h.ServeHTTP(w, r)
}

// begin fixes status and headers. Only the first call counts.
func (w *pipeWriter) begin(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.started)
	})
}

// Header, WriteHeader, Flush and Write are those of http.ResponseWriter. Nothing
// is buffered, so there is nothing to flush.
func (w *pipeWriter) Header() http.Header    { return w.header }
func (w *pipeWriter) WriteHeader(status int) { w.begin(status) }
func (w *pipeWriter) Flush()                 {}

// Write waits until the client has read, as a connection with full buffers does.
func (w *pipeWriter) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.pipe.Write(p)
}
