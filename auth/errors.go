package auth

import (
	"errors"
	"slices"
	"strings"
)

// Errors of Authenticate, Verify and VerifyCompact.
var (
	// ErrNoToken means that the request holds no token at any listed place.
	ErrNoToken = errors.New("no token")
	// ErrKeysUnavailable means that no key set could be fetched yet, or that the last good one is
	// too old. It says nothing about the token: the caller answers 503, never 401. The wrapped
	// cause is for the log.
	ErrKeysUnavailable = errors.New("keys unavailable")
)

// RefusedError says which rule refused a token. Its text holds nothing of the token, so it may be
// logged and counted as it is.
type RefusedError struct {
	// Rule is one of Rules.
	Rule string
	// Expected and Given are what the config asks for and what the signed token says, for the rules
	// "issuer" and "audience" alone; several audiences stand with blanks between. They name sites,
	// not users, and may be logged. Given is empty if the claim is missing, and cut at 256 bytes; a
	// text with an @ in it may be somebody's address, and is not given.
	Expected, Given string
}

// Error names the rule. Some providers sign under a second issuer, and clocks differ: the text says
// where to read or look on.
func (e *RefusedError) Error() string {
	switch e.Rule {
	case ruleIssuer:
		return "token refused: issuer; see docs/troubleshooting.md#another-issuer"
	case ruleExpired:
		return "token refused: expired; its exp has passed by this machine's clock"
	case ruleNotYet, ruleIssuedAt:
		return "token refused: " + e.Rule + "; it begins in the future by this machine's clock: " +
			"compare that with the signer's"
	}
	return "token refused: " + e.Rule
}

// refused is the error for a broken rule.
func refused(rule string) error { return &RefusedError{Rule: rule} }

// maxGiven bounds RefusedError.Given, in bytes.
const maxGiven = 256

// refusedParty is the error for iss or aud, which says what was expected and what the token gave.
func refusedParty(rule, expected, given string) error {
	if strings.Contains(given, "@") {
		given = "(an address, not shown)"
	}
	if len(given) > maxGiven {
		given = strings.ToValidUTF8(given[:maxGiven], "") // the cut may go through a character
	}
	return &RefusedError{Rule: rule, Expected: expected, Given: given}
}

// The rules, in the order in which a token meets them. They are label values of a metric: none is
// ever renamed.
const (
	ruleAmbiguous       = "ambiguous"        // two different tokens at one place
	ruleSize            = "size"             // longer than 8 KiB
	ruleCharset         = "charset"          // a byte that is neither base64url nor a dot
	ruleParts           = "parts"            // not three parts: JWE, JSON form, no token
	ruleEncoding        = "encoding"         // a part is not canonical base64url
	ruleHeaderJSON      = "header_json"      // the header is not one JSON object
	ruleHeaderDuplicate = "header_duplicate" // a name twice, or twice but for its case
	ruleAlgorithm       = "algorithm"        // alg is not one of the configured algorithms
	ruleCrit            = "crit"
	ruleB64             = "b64"
	ruleZip             = "zip"
	ruleCty             = "cty" // the payload is said to be a token itself
	ruleTyp             = "typ" // another kind of token
	ruleKid             = "kid" // missing where it is needed, malformed, or unknown
	ruleKey             = "key" // no key of the set may verify this algorithm
	ruleSignature       = "signature"
	ruleClaimsJSON      = "claims_json"
	ruleClaimsDuplicate = "claims_duplicate"
	ruleClaimsCase      = "claims_case" // a name differs only in case from a registered claim
	ruleClaimsType      = "claims_type" // a registered claim has the wrong JSON type
	ruleExpMissing      = "exp_missing"
	ruleFarFuture       = "far_future" // more than ten years ahead: milliseconds, most often
	ruleExpired         = "expired"
	ruleNotYet          = "not_yet"
	ruleIssuedAt        = "issued_at" // iat lies in the future
	ruleMaxAge          = "max_age"
	ruleMaxLife         = "max_life" // exp is further ahead than the config allows
	ruleIssuer          = "issuer"
	ruleAudience        = "audience"
)

// rules is what Rules returns.
var rules = []string{
	ruleAmbiguous, ruleSize, ruleCharset, ruleParts, ruleEncoding,
	ruleHeaderJSON, ruleHeaderDuplicate, ruleAlgorithm, ruleCrit, ruleB64, ruleZip, ruleCty,
	ruleTyp, ruleKid, ruleKey, ruleSignature,
	ruleClaimsJSON, ruleClaimsDuplicate, ruleClaimsCase, ruleClaimsType, ruleExpMissing,
	ruleFarFuture, ruleExpired, ruleNotYet, ruleIssuedAt, ruleMaxAge, ruleMaxLife, ruleIssuer, ruleAudience,
}

// Rules lists every rule that can refuse a token: a closed set of names, fit for a
// metric's label.
func Rules() []string { return slices.Clone(rules) }
