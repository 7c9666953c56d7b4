package sandbox

import (
	"cmp"
	"net/http"
	"strings"
)

// Sandbox plays Zotlo: an http.Handler, and the methods by which a test pays,
// looks and makes trouble. Make one with New. It is safe for concurrent use, and
// starts no goroutine that outlives a call.
type Sandbox struct {
	*ticker  // the time in here
	*books   // links, payments, and what becomes of them
	*mail    // the webhooks
	*traffic // the calls of the one-link endpoint, and its faults

	oneLink oneLink
	reads   *Reads
	hosted  hosted
	sdk     sdk
	door    door
}

// New returns a sandbox with no calls, no links and no faults. It needs no
// closing.
func New(cfg Config) *Sandbox {
	keep := max(cmp.Or(cfg.KeepRequests, keepRequests), 0)
	clock := newTicker(cfg)
	post := newMail(clock, cfg)
	kept := newBooks(clock, cfg, post)
	if err := kept.SetDoubts(cfg.Doubts); err != nil {
		panic(err)
	}
	known := keys{
		access:      cmp.Or(cfg.AccessKey, DefaultAccessKey),
		secret:      cmp.Or(cfg.AccessSecret, DefaultAccessSecret),
		application: cmp.Or(cfg.ApplicationKey, DefaultApplicationKey),
		test:        cmp.Or(cfg.TestApplicationKey, DefaultTestApplicationKey),
	}
	calls, reads := newTraffic(clock, keep), newTraffic(clock, keep)
	return &Sandbox{
		ticker:  clock,
		books:   kept,
		mail:    post,
		traffic: calls,
		oneLink: oneLink{known, kept},
		reads:   &Reads{reads, known, kept},
		hosted:  hosted{books: kept, mail: post, successURL: cfg.SuccessURL},
		sdk:     sdk{known, kept, newForms(clock)},
		door:    door{&desk{clock, kept, post, calls, reads}, salesPages{kept, post}},
	}
}

// Reads is the part of the API that is asked what was sold: its calls, and its
// faults.
func (s *Sandbox) Reads() *Reads { return s.reads }

// ServeHTTP answers the API, the hosted pages under /pay/, the Checkout SDK's
// stand-in under SDKPath, and the door for scripts under DoorPath. Every other path is Zotlo's error 404001.
//
// It routes by hand: http.ServeMux would fix a doubled slash by a redirect,
// and hide a wrong address that Zotlo would refuse.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == OneLinkPath {
		s.traffic.serve(w, r, s.oneLink.answer)
		return
	}
	if e, ok := s.reads.endpoint(r.URL.Path); ok {
		s.reads.serve(w, r, e)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, pagePath); ok {
		id, action, _ := strings.Cut(rest, "/")
		s.hosted.serve(w, r, id, action)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, SDKPath); ok {
		s.sdk.serve(w, r, rest)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, DoorPath); ok {
		s.door.serve(w, r, rest)
		return
	}
	refuse(http.StatusNotFound, CodeEndpoint, "invalid endpoint").answer(s.Doubts()).write(w)
}

// Transport returns a RoundTripper that hands every request straight to the
// sandbox, whatever its host, without a network. It serves simulations in the
// virtual time of testing/synctest, where a goroutine that waits for a socket
// would stop the clock. It does not play HTTP's finer points: use a real server
// for those. The body of an answer must be closed, or a goroutine stays.
func (s *Sandbox) Transport() http.RoundTripper { return transport{s} }
