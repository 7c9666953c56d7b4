package auth

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// registered are the claims that we, or any reader of the same token, act on by name (RFC 7519
// section 4.1, OpenID Connect Core section 5.1).
var registered = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti",
	"email", "email_verified", "phone_number", "phone_number_verified", "locale",
}

// farFuture is how far ahead a time may lie. A token in milliseconds lies fifty thousand years
// ahead.
const farFuture = 10 * 365 * 24 * time.Hour

// claimRules are the checks of the registered claims.
type claimRules struct {
	issuer   string        // the exact iss; empty: any, or none
	audience []string      // of which one must be in aud; none: any, or no aud
	leeway   time.Duration // granted to exp, nbf and iat
	maxAge   time.Duration // since iat; zero: no limit
	maxLife  time.Duration // until exp; zero: no limit but farFuture
	typed    bool          // the token is no session: sub and jti are texts
}

// parseClaims reads a claims object. It refuses what two readers could understand differently, and
// an iss that is no text, because every caller reads it; the types of the other registered claims
// are checked where they are used.
func parseClaims(data []byte) (object, error) {
	claims, err := parseObject(data)
	switch {
	case err == errDuplicate:
		return object{}, refused(ruleClaimsDuplicate)
	case err != nil:
		return object{}, refused(ruleClaimsJSON)
	case caseVariant(claims, registered):
		return object{}, refused(ruleClaimsCase)
	}
	if iss, there := claims.get("iss"); there && iss[0] != '"' {
		return object{}, refused(ruleClaimsType)
	}
	return claims, nil
}

// validity is until when a token may be used: expires is its exp, notAfter the instant that every
// rule allows for.
type validity struct{ expires, notAfter time.Time }

// check applies the rules of RFC 7519 section 4.1 at the instant now. Every bound is widened by the
// leeway: clocks of two machines differ by some seconds. Its errors are *RefusedErrors. The parties
// come last: whose token it is matters only while it is good.
func (r *claimRules) check(claims object, now time.Time) (validity, error) {
	latest := latest(now)
	exp, err := instant(claims, "exp", latest)
	if err != nil {
		return validity{}, err
	}
	nbf, err := instant(claims, "nbf", latest)
	if err != nil {
		return validity{}, err
	}
	iat, err := instant(claims, "iat", latest)
	if err != nil {
		return validity{}, err
	}
	v := validity{expires: exp, notAfter: exp.Add(r.leeway)}
	switch {
	case exp.IsZero():
		return v, refused(ruleExpMissing)
	case !now.Before(v.notAfter):
		return v, refused(ruleExpired)
	case now.Add(r.leeway).Before(nbf):
		return v, refused(ruleNotYet)
	case now.Add(r.leeway).Before(iat):
		return v, refused(ruleIssuedAt)
	case r.maxLife > 0 && exp.After(now.Add(r.maxLife+r.leeway)):
		return v, refused(ruleMaxLife)
	case r.typed && !namesInText(claims):
		return v, refused(ruleClaimsType)
	}
	// A token without iat has no age, so a limit on it refuses the token.
	if r.maxAge > 0 {
		old := iat.Add(r.maxAge + r.leeway)
		if iat.IsZero() || !now.Before(old) {
			return v, refused(ruleMaxAge)
		}
		if old.Before(v.notAfter) {
			v.notAfter = old
		}
	}
	return v, r.checkParties(claims)
}

// namesInText reports whether sub and jti are non-empty strings where they are there (RFC 7519
// sections 4.1.2 and 4.1.7). Of a session nobody reads a jti, and a sub that is a number names no
// subscriber. In a token for another purpose one that is misread would be one that is not there:
// it would be for everybody, or good for ever.
func namesInText(claims object) bool {
	for _, name := range []string{"sub", "jti"} {
		value, there := claims.get(name)
		if there && (value[0] != '"' || value == `""`) {
			return false
		}
	}
	return true
}

// checkParties checks who made the token (iss, compared byte for byte) and for whom (aud, of which
// one match is enough). A URI is not brought into another form before (RFC 7519 section 2,
// StringOrURI).
func (r *claimRules) checkParties(claims object) error {
	if iss, _ := claims.text("iss"); r.issuer != "" && iss != r.issuer {
		return refusedParty(ruleIssuer, r.issuer, iss)
	}
	audience, ok := audienceOf(claims)
	if !ok {
		return refused(ruleClaimsType)
	}
	if len(r.audience) == 0 {
		return nil
	}
	for _, got := range audience {
		if slices.Contains(r.audience, got) {
			return nil
		}
	}
	return refusedParty(ruleAudience, strings.Join(r.audience, " "), strings.Join(audience, " "))
}

// latest is the last instant that a token may name, as a NumericDate.
func latest(now time.Time) float64 { return float64(now.Add(farFuture).Unix()) }

// instant reads a NumericDate (RFC 7519 section 2): a JSON number of seconds, fractions allowed. An
// absent claim is the zero time. Its errors are *RefusedErrors: a claim that is no number, or behind
// the latest instant.
func instant(claims object, name string, latest float64) (time.Time, error) {
	value, there := claims.get(name)
	if !there {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return time.Time{}, refused(ruleClaimsType)
	}
	if seconds > latest {
		return time.Time{}, refused(ruleFarFuture)
	}
	// Far in the past is in the past; the bound keeps the conversion from overflowing.
	whole, fraction := math.Modf(max(seconds, 0))
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// audienceOf reads aud (RFC 7519 section 4.1.3): absent, a string, or an array of strings. Not ok
// is any other JSON, such as an array with a number in it.
func audienceOf(claims object) (audience []string, ok bool) {
	value, there := claims.get("aud")
	switch {
	case !there:
		return nil, true
	case value[0] == '"':
		return []string{unquote(value)}, true
	}
	return texts(value)
}
