package sandbox

import "net/http"

// OneLinkPath is the path of the "Generate Personalized Link" endpoint.
//
// https://docs.zotlo.com/integrating-zotlo/api-reference/checkout-endpoints/generate-personalized-link
const OneLinkPath = "/v2/app-to-web/one-link"

// oneLink is the endpoint that creates personal links.
type oneLink struct {
	keys  keys
	books *books
}

// answer is the endpoint itself: it checks the call and creates the link.
func (o oneLink) answer(r *http.Request, raw []byte, readErr error, f Fault) answer {
	d := o.books.Doubts()
	if e := o.keys.checkHeader(r); e != nil {
		return e.answer(d)
	}
	if readErr != nil {
		return invented(CodeInventedBody, "the body cannot be read or is too large").answer(d)
	}
	fields, e := decodeFields(raw)
	if e == nil {
		e = o.keys.checkFields(fields)
	}
	if e != nil {
		return e.answer(d)
	}
	base, ok := o.books.baseLink(text(fields, "checkoutLinkId"))
	if !ok {
		return invented(CodeInventedLink, "unknown checkoutLinkId").answer(d)
	}
	testMode := text(fields, "applicationKey") == o.keys.test
	return linkAnswer(o.books.newLink(r.Host, raw, fields, base, testMode), f.Pad)
}
