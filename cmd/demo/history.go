package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"
)

// The kinds of happenings.
const (
	kindCheckout = "checkout" // the module answered a request
	kindPayment  = "payment"  // a webhook told the shop of one
	kindLog      = "log"      // the module told its operator something
	kindTrouble  = "trouble"  // a switch was moved
	kindPurge    = "purge"    // the module was told to forget somebody's links
)

// happening is one line of the panel. It holds nothing personal: the access log has nothing to
// give.
type happening struct {
	ID   int
	At   time.Time
	Kind string

	// of a checkout
	Method, Path              string
	Status                    int
	Outcome, Answer           string
	Campaign, Variant, Source string
	Took                      time.Duration
	Calls                     []apiCall // made meanwhile
	Package, Price            string    // of a payment
	Text                      string    // of a log line or a trouble
}

// apiCall is what the panel knows of a call to the stand-in.
type apiCall struct {
	Status int  // 0: no answer yet
	Guest  bool // it named no subscriber
}

// guest reports whether the link was created for somebody without a name. The log does not say; the
// calls do.
func (it happening) guest() bool {
	return len(it.Calls) > 0 && !slices.ContainsFunc(it.Calls,
		func(c apiCall) bool { return !c.Guest })
}

// keepHappenings bounds the memory: for as long, the module can be asked why.
const keepHappenings = 40

// history is what has happened lately.
type history struct {
	mu      sync.Mutex
	list    []happening // oldest first
	last    int
	changed chan struct{} // closed at the next change
	current trouble
	calls   func(from, to time.Time) []apiCall
}

func newHistory(calls func(from, to time.Time) []apiCall) *history {
	return &history{changed: make(chan struct{}), calls: calls, current: troubles[0]}
}

func (h *history) add(it happening) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	it.ID = h.last
	if it.At.IsZero() {
		it.At = time.Now()
	}
	h.list = append(h.list, it)
	if len(h.list) > keepHappenings {
		h.list = slices.Delete(h.list, 0, len(h.list)-keepHappenings)
	}
	close(h.changed)
	h.changed = make(chan struct{})
}

// newestFirst returns the happenings and the number of the newest.
func (h *history) newestFirst() ([]happening, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := slices.Clone(h.list)
	slices.Reverse(list)
	return list, h.last
}

func (h *history) byID(id int) (happening, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, it := range h.list {
		if it.ID == id {
			return it, true
		}
	}
	return happening{}, false
}

// wait returns when something newer than the number is there, or ctx is done.
func (h *history) wait(ctx context.Context, after int) {
	for {
		h.mu.Lock()
		last, changed := h.last, h.changed
		h.mu.Unlock()
		if last != after {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (h *history) trouble() trouble {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.current
}

func (h *history) setTrouble(t trouble) {
	h.mu.Lock()
	h.current = t
	h.mu.Unlock()
	h.add(happening{Kind: kindTrouble, Text: t.Name})
}

// logLine is what the panel reads of Caddy's log: the access-log fields of the module, and what it
// tells its operator.
type logLine struct {
	Level   string  `json:"level"`
	Logger  string  `json:"logger"`
	Message string  `json:"msg"`
	At      float64 `json:"ts"`
	Request struct {
		Method string `json:"method"`
		URI    string `json:"uri"`
	} `json:"request"`
	Status   int     `json:"status"`
	Duration float64 `json:"duration"`
	Outcome  string  `json:"checkout_outcome"`
	Answer   string  `json:"checkout_answer"`
	Campaign string  `json:"checkout_campaign"`
	Variant  string  `json:"checkout_variant"`
	Source   string  `json:"checkout_source"`
}

// read takes Caddy's log from the socket that the Caddyfile names, until the listener is closed.
func (h *history) read(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go h.readLines(conn)
	}
}

func (h *history) readLines(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line logLine
		if json.Unmarshal(lines.Bytes(), &line) == nil {
			h.note(line)
		}
	}
}

func (h *history) note(line logLine) {
	sec := int64(line.At)
	at := time.Unix(sec, int64((line.At-float64(sec))*1e9))
	switch {
	case line.Outcome != "":
		took := time.Duration(line.Duration * float64(time.Second))
		h.add(happening{
			Kind: kindCheckout, At: at,
			Method: line.Request.Method, Path: pathOf(line.Request.URI), Status: line.Status,
			Outcome: line.Outcome, Answer: line.Answer,
			Campaign: line.Campaign, Variant: line.Variant, Source: line.Source,
			Took: took, Calls: h.calls(at.Add(-took), at),
		})
	case line.Logger == "checkout" && (line.Level == "warn" || line.Level == "error"):
		h.add(happening{Kind: kindLog, At: at, Text: line.Message})
	}
}

func pathOf(uri string) string {
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return ""
	}
	return u.Path
}
