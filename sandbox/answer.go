package sandbox

import (
	"crypto/rand"
	"maps"
	"net/http"
	"strconv"
)

// Error codes of Zotlo's error reference. They stand in meta.errorCode as
// numbers; their first three digits are those of an HTTP status.
//
// https://docs.zotlo.com/integrating-zotlo/api-reference/error-handling
const (
	// CodeSubscriberID: the subscriberId is invalid.
	CodeSubscriberID = 400008
	// CodeCredentials: the AccessKey or AccessSecret header is wrong.
	CodeCredentials = 401002
	// CodeEndpoint: there is no such endpoint.
	CodeEndpoint = 404001
	// CodeServer: an internal server error, the only code worth a retry.
	CodeServer = 500000
)

// Error codes made up by the sandbox: Zotlo refuses these calls too, or may,
// but publishes no code for them. Their messages say "invented". A client must
// not depend on one of them.
const (
	// CodeInventedBody: the body is not one JSON object of at most 64 KiB, or
	// is not declared as JSON.
	CodeInventedBody = 400990
	// CodeInventedField: a required field is missing, or one has the wrong
	// type or form.
	CodeInventedField = 400991
	// CodeInventedApplication: the applicationKey is unknown.
	CodeInventedApplication = 400992
	// CodeInventedLink: the checkoutLinkId is unknown.
	CodeInventedLink = 400993
	// CodeInventedPrice: customPrice and customCurrency do not make a price.
	CodeInventedPrice = 400994
	// CodeInventedQuery: a parameter of a read is missing, or has the wrong form.
	CodeInventedQuery = 400995
	// CodeInventedTransaction: no payment of that world has the transactionId.
	CodeInventedTransaction = 400996
	// CodeInventedRateLimit: too many requests. Zotlo has a limit but publishes
	// neither its size nor its code.
	CodeInventedRateLimit = 429990
)

// maxBody bounds the body of a call, in bytes.
const maxBody = 64 << 10

// envelope is the frame of every answer of the API, good or bad.
type envelope struct {
	Meta   meta `json:"meta"`
	Result any  `json:"result"`
}

// meta is the head of an answer. Only refusals have a message and a code.
type meta struct {
	RequestID    string `json:"requestId"`
	HTTPStatus   int    `json:"httpStatus"`
	ErrorMessage string `json:"errorMessage,omitempty"`
	ErrorCode    any    `json:"errorCode,omitempty"` // a number, unless Doubts say otherwise
}

// oneLinkResult is what a good answer holds.
type oneLinkResult struct {
	OneLink string `json:"onelink"` // the place is a guess, see the package's comment
	Padding string `json:"padding,omitempty"`
}

// refusal is an error answer of the API.
type refusal struct {
	status  int
	code    int
	message string
}

// refuse is a refusal with a code of Zotlo's.
func refuse(status, code int, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// invented is a refusal for which Zotlo publishes no code.
func invented(code int, message string) *refusal {
	return refuse(http.StatusBadRequest, code, message+" (code invented by the sandbox)")
}

// answer wraps the refusal in the envelope. On errors result is an empty array,
// as PHP writes an empty object.
func (e *refusal) answer(d Doubts) answer {
	status, inside := e.status, e.status
	switch d.ErrorStatus {
	case 0:
	case http.StatusOK: // the envelope still names the real one
		status = http.StatusOK
	default:
		status, inside = d.ErrorStatus, d.ErrorStatus
	}
	v := envelope{
		Meta: meta{
			RequestID: newRequestID(), HTTPStatus: inside,
			ErrorMessage: e.message, ErrorCode: e.code,
		},
		Result: []any{},
	}
	if d.ErrorCodeIsText {
		v.Meta.ErrorCode = strconv.Itoa(e.code)
	}
	if d.ErrorResultIsObject {
		v.Result = struct{}{}
	}
	return jsonAnswer(status, v)
}

// goodAnswer is an answer with a result.
func goodAnswer(result any) answer {
	return jsonAnswer(http.StatusOK, envelope{
		Meta:   meta{RequestID: newRequestID(), HTTPStatus: http.StatusOK},
		Result: result,
	})
}

// linkAnswer is the answer that carries a personal link. padding makes it this
// many bytes longer.
func linkAnswer(url string, padding int) answer {
	return goodAnswer(oneLinkResult{OneLink: url, Padding: pad(padding)})
}

// answer is one HTTP answer before a fault may spoil it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// jsonAnswer is an answer with v as its body.
func jsonAnswer(status int, v any) answer {
	header := http.Header{"Content-Type": {"application/json"}}
	return answer{status: status, header: header, body: marshal(v)}
}

// write sends the answer as it is. A client that has gone is no error.
func (a answer) write(w http.ResponseWriter) {
	a.writeHeader(w)
	_, _ = w.Write(a.body)
}

// writeHeader sends the status and the headers, and leaves the body to the
// caller.
func (a answer) writeHeader(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
}

// newRequestID is what meta.requestId holds: one that nobody takes for Zotlo's.
func newRequestID() string { return "SANDBOX-REQ-" + rand.Text() }

// keys are what a call must carry to be answered.
type keys struct{ access, secret, application, test string }

// check refuses a call with wrong headers. It returns nil for a good one.
func (k keys) check(r *http.Request) *refusal {
	if r.Header.Get("AccessKey") != k.access || r.Header.Get("AccessSecret") != k.secret {
		return refuse(http.StatusUnauthorized, CodeCredentials,
			"AccessKey or AccessSecret is wrong")
	}
	return nil
}
