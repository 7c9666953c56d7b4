package auth

import (
	"encoding/base64"
	"strings"
)

// Both bounds hold before anything is decoded, so that a huge token costs nothing.
const (
	// maxToken is the longest token read, in bytes.
	maxToken = 8 << 10
	// maxKeyID is the longest kid, in bytes.
	maxKeyID = 256
)

// base64url is the encoding of every part of a token: without padding, and canonical, so that no
// two texts stand for the same bytes (RFC 7515 section 2).
var base64url = base64.RawURLEncoding.Strict()

// compact is a token in compact serialization (RFC 7515 section 3.1) whose header has been read.
type compact struct {
	*joseHeader
	signed    string // what the signature is over: header, dot, payload
	payload   string // base64url
	signature []byte
}

// joseHeader is a header that was read, and what it says. It says the same wherever it stands.
type joseHeader struct {
	text string // base64url
	alg  *algorithm
	kid  string // empty: the header has none
}

// headerRules say which headers are accepted.
type headerRules struct {
	algorithms algorithmSet
	typ        string // in the form of mediaType; empty: that of a session
}

// parseCompact checks everything that can be known about a token without a key, cheapest first. Its
// errors are *RefusedErrors. A token whose algorithm is not allowed costs no decoding of its
// signature. One with the same header as known, which may be nil, costs no reading of it.
func parseCompact(token string, rules headerRules, known *joseHeader) (compact, error) {
	header, payload, signature, err := split(token)
	if err != nil {
		return compact{}, err
	}
	c := compact{known, token[:len(header)+1+len(payload)], payload, nil}
	if known == nil || known.text != header {
		if c.joseHeader, err = readHeader(header, rules); err != nil {
			return compact{}, err
		}
	}
	// Without a signature there is nothing to check, whatever alg says (RFC 7519 section 6).
	if signature == "" {
		return compact{}, refused(ruleSignature)
	}
	if c.signature, err = base64url.DecodeString(signature); err != nil {
		return compact{}, refused(ruleEncoding)
	}
	return c, nil
}

// foreign is what a byte weighs that is in no token: more than any number of dots.
const foreign = maxToken + 1

// weights are what bytes weigh when the dots of a token are counted: nothing in the base64url
// alphabet (RFC 4648 section 5). A sum is quicker than comparisons that no processor foresees.
var weights = func() (w [256]uint32) {
	for i := range w {
		w[i] = foreign
	}
	for _, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		w[b] = 0
	}
	w['.'] = 1
	return w
}()

// split cuts a token into its three parts. Five are an encrypted token (RFC 7516), which is not
// read; the payload may be empty here, and a detached one then fails at its signature.
func split(token string) (header, payload, signature string, err error) {
	if len(token) > maxToken {
		return "", "", "", refused(ruleSize)
	}
	dots := uint32(0)
	for i := range len(token) {
		dots += weights[token[i]]
	}
	// The decoder would skip line breaks, so that one signature had many texts.
	if dots >= foreign {
		return "", "", "", refused(ruleCharset)
	}
	if dots != 2 {
		return "", "", "", refused(ruleParts)
	}
	// There are exactly two dots, so what the cuts find is known.
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ = strings.Cut(rest, ".")
	if header == "" {
		return "", "", "", refused(ruleParts)
	}
	return header, payload, signature, nil
}

// decodePayload decodes the second part of a token. Its error is a *RefusedError.
func decodePayload(payload string) ([]byte, error) {
	data, err := base64url.DecodeString(payload)
	if err != nil {
		return nil, refused(ruleEncoding)
	}
	return data, nil
}

// headerNames are the members of the header that we act on.
var headerNames = []string{"alg", "kid", "typ", "cty", "crit", "b64", "zip"}

// readHeader reads alg and kid and refuses what asks for a treatment we do not give. Members that
// point to keys (jku, jwk, x5u, x5c) are not read at all.
func readHeader(text string, rules headerRules) (*joseHeader, error) {
	data, err := base64url.DecodeString(text)
	if err != nil {
		return nil, refused(ruleEncoding)
	}
	header, err := parseObject(data)
	switch {
	case err == errDuplicate:
		return nil, refused(ruleHeaderDuplicate)
	case err != nil:
		return nil, refused(ruleHeaderJSON)
	case caseVariant(header, headerNames):
		return nil, refused(ruleHeaderDuplicate)
	}
	// The config chooses, never the token: an algorithm that is not allowed has no method here.
	name, _ := header.text("alg")
	alg := rules.algorithms.find(name)
	if alg == nil {
		return nil, refused(ruleAlgorithm)
	}
	// RFC 7515 section 4.1.11 and RFC 7797: we understand no extension, so none may be critical.
	for _, rule := range []string{ruleCrit, ruleB64, ruleZip} {
		if _, there := header.get(rule); there {
			return nil, refused(rule)
		}
	}
	if !rules.hasType(header) {
		return nil, refused(ruleTyp)
	}
	if nestedToken(header) {
		return nil, refused(ruleCty)
	}
	// An empty kid is not taken for none: it may be the name that a key was given by mistake.
	written, there := header.get("kid")
	if !there {
		return &joseHeader{text, alg, ""}, nil
	}
	kid, _ := header.text("kid")
	if written[0] != '"' || kid == "" || len(kid) > maxKeyID {
		return nil, refused(ruleKid)
	}
	return &joseHeader{text, alg, kid}, nil
}

// hasType reports whether typ is the one that is wanted: for a session absent, "JWT" or "at+jwt" (RFC
// 9068), else exactly the configured one (RFC 8725 section 3.11). Media types are compared without
// regard to case and may begin with "application/" (RFC 7515 section 4.1.9). Tokens for other
// purposes, such as logout tokens, say another typ, and must not sign anybody in.
func (r headerRules) hasType(header object) bool {
	if _, there := header.get("typ"); !there {
		return r.typ == ""
	}
	text, _ := header.text("typ")
	typ := mediaType(text)
	if r.typ != "" {
		return typ == r.typ
	}
	return typ == "jwt" || typ == "at+jwt"
}

// nestedToken reports whether cty says that the payload is itself a token (RFC 7519 section 5.2),
// or is no text.
func nestedToken(header object) bool {
	if _, there := header.get("cty"); !there {
		return false
	}
	cty, ok := header.text("cty")
	if !ok {
		return true
	}
	cty = strings.ToLower(cty)
	return strings.Contains(cty, "jwt") || strings.Contains(cty, "jose")
}

// mediaType brings a media type into the form in which it is compared: a value without a slash
// means one that begins with application/ (RFC 7515 section 4.1.9).
func mediaType(text string) string {
	return strings.TrimPrefix(strings.ToLower(text), "application/")
}
