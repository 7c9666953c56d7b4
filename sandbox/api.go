package sandbox

import (
	"crypto/rand"
	"io"
	"maps"
	"net/http"
)

// Error codes of Zotlo's error reference.
const (
	CodeSubscriberID = 400008 // subscriberId invalid
	CodeCredentials  = 401002 // AccessKey or AccessSecret wrong
	CodeEndpoint     = 404001 // invalid endpoint
	CodeServer       = 500000 // internal server error
)

// Error codes made up by the sandbox: Zotlo refuses these calls too, or may,
// but publishes no code for them. Their messages say "invented".
const (
	CodeInventedBody        = 400990 // not one JSON object, or not declared as JSON
	CodeInventedField       = 400991 // a field is missing, or has the wrong type or form
	CodeInventedApplication = 400992 // unknown applicationKey
	CodeInventedLink        = 400993 // unknown checkoutLinkId
	CodeInventedPrice       = 400994 // customPrice and customCurrency do not make a price
	CodeInventedRateLimit   = 429990 // too many requests
)

// maxBody bounds the body of a call, in bytes.
const maxBody = 64 << 10

// envelope is the frame of every answer of the API.
type envelope struct {
	Meta   meta `json:"meta"`
	Result any  `json:"result"`
}

type meta struct {
	RequestID    string `json:"requestId"`
	HTTPStatus   int    `json:"httpStatus"`
	ErrorMessage string `json:"errorMessage,omitempty"`
	ErrorCode    int    `json:"errorCode,omitempty"`
}

type oneLinkResult struct {
	OneLink string `json:"onelink"`
	Padding string `json:"padding,omitempty"`
}

// refusal is an error answer of the API.
type refusal struct {
	status  int
	code    int
	message string
}

func refuse(status, code int, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// invented is a refusal for which Zotlo publishes no code.
func invented(code int, message string) *refusal {
	return refuse(http.StatusBadRequest, code, message+" (code invented by the sandbox)")
}

func (e *refusal) answer() answer {
	return jsonAnswer(e.status, envelope{
		Meta: meta{
			RequestID: newRequestID(), HTTPStatus: e.status,
			ErrorMessage: e.message, ErrorCode: e.code,
		},
		// On errors result is an empty array, as PHP writes an empty object.
		Result: []any{},
	})
}

// linkAnswer is the answer that carries a personal link.
func linkAnswer(url string, padding int) answer {
	result := oneLinkResult{OneLink: url, Padding: pad(padding)}
	return jsonAnswer(http.StatusOK, envelope{
		Meta:   meta{RequestID: newRequestID(), HTTPStatus: http.StatusOK},
		Result: result,
	})
}

// answer is one HTTP answer before a fault may spoil it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func jsonAnswer(status int, v any) answer {
	header := http.Header{"Content-Type": {"application/json"}}
	return answer{status: status, header: header, body: marshal(v)}
}

func (a answer) write(w http.ResponseWriter) {
	a.writeHeader(w)
	_, _ = w.Write(a.body)
}

func (a answer) writeHeader(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
}

func newRequestID() string { return "SANDBOX-REQ-" + rand.Text() }

// serveOneLink counts and records the call, then lets a fault answer it or
// creates the link.
func (s *Sandbox) serveOneLink(w http.ResponseWriter, r *http.Request) {
	defer s.begin()()
	raw, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	call := s.record(r, raw)
	fault := s.faults.next(call)
	if !pause(r.Context(), fault.Delay) {
		return // the caller has left
	}
	a, spoiled := fault.answer()
	if !spoiled {
		a = s.oneLink(r, raw, readErr, fault)
	}
	s.answered(call, a.status)
	fault.write(w, r, a)
}

// oneLink is the endpoint itself: it checks the call and creates the link.
func (s *Sandbox) oneLink(r *http.Request, raw []byte, readErr error, f Fault) answer {
	if e := s.checkHeader(r); e != nil {
		return e.answer()
	}
	if readErr != nil {
		return invented(CodeInventedBody, "the body cannot be read or is too large").answer()
	}
	fields, e := decodeFields(raw)
	if e == nil {
		e = s.checkFields(fields)
	}
	if e != nil {
		return e.answer()
	}
	base, ok := s.baseLink(text(fields, "checkoutLinkId"))
	if !ok {
		return invented(CodeInventedLink, "unknown checkoutLinkId").answer()
	}
	return linkAnswer(s.newLink(r.Host, raw, fields, base), f.Pad)
}
