// Package token compares the tokens by which programs are let in: Zotlo's webhooks, a site's backend.
package token

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
)

// shortest is the least length of a token that cannot be guessed.
const shortest = 16

// Set holds the digests of some tokens, any of which will do. The zero Set lets nobody in.
type Set struct{ digests [][sha256.Size]byte }

// Add adds a token. One that can be guessed is an error.
func (s *Set) Add(token string) error {
	if len(token) < shortest {
		return fmt.Errorf("token: it has %d characters and can be guessed: use at least %d, such "+
			"as those of `openssl rand -hex 16`", len(token), shortest)
	}
	s.digests = append(s.digests, sha256.Sum256([]byte(token)))
	return nil
}

// Knows compares with each token in constant time, whatever the length.
func (s Set) Knows(given string) bool {
	digest := sha256.Sum256([]byte(given))
	known := 0
	for _, own := range s.digests {
		known |= subtle.ConstantTimeCompare(digest[:], own[:])
	}
	return known == 1
}

// Bearer is the token that a request bears (RFC 6750, section 2.1), or nothing. The scheme is
// compared without case (RFC 9110, section 11.1). Of two headers none counts: a proxy may have read
// the other one.
func Bearer(r *http.Request) string {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return ""
	}
	scheme, given, found := strings.Cut(all[0], " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(given, " ")
}
