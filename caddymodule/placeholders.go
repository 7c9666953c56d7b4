package caddymodule

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/campaign"
)

// marker brackets the number of a placeholder while Caddy's own scanner cuts a template. Configured text cannot hold it:
// parseTemplate refuses control characters.
const marker = "\x00"

// parseTemplate cuts a configured value at its placeholders with Caddy's own scanner, so that escapes and odd braces mean
// here what they mean everywhere else in Caddy.
func parseTemplate(text string) ([]campaign.Part, error) {
	if strings.Contains(text, marker) {
		return nil, errControlCharacter
	}
	var keys []string
	cut, err := everyKey.ReplaceFunc(text, func(key string, _ any) (any, error) {
		if key == "" {
			return nil, errEmptyPlaceholder
		}
		keys = append(keys, canonicalKey(key))
		return marker + strconv.Itoa(len(keys)-1) + marker, nil
	})
	if err != nil {
		return nil, err
	}
	var tmpl []campaign.Part
	for i, piece := range strings.Split(cut, marker) {
		switch {
		case i%2 == 1:
			tmpl = append(tmpl, campaign.Part{Key: keys[i/2]})
		case piece != "":
			tmpl = append(tmpl, campaign.Part{Literal: piece})
		}
	}
	return tmpl, nil
}

// upstreamHeader begins the placeholders of an upstream's answer. Caddy sets them under the header's canonical name, and
// looks them up letter by letter.
const upstreamHeader = "http.reverse_proxy.header."

// canonicalKey is the name under which Caddy knows a placeholder: the case of a header's name means nothing.
func canonicalKey(key string) string {
	if name, ok := strings.CutPrefix(key, upstreamHeader); ok {
		return upstreamHeader + http.CanonicalHeaderKey(name)
	}
	return key
}

var errEmptyPlaceholder = errors.New(`{} is a placeholder without a name: write \{} for the braces themselves`)

// everyKey claims to know every placeholder, so that the scanner reports each.
var everyKey = func() *caddy.Replacer {
	repl := caddy.NewEmptyReplacer()
	repl.Map(func(string) (any, bool) { return "", true })
	return repl
}()

// withoutEscapes removes the braces that a text asks to be left alone, so that those that remain mean placeholders.
func withoutEscapes(text string) string {
	return strings.NewReplacer(`\{`, "", `\}`, "").Replace(text)
}

// hasOpenBrace reports whether a { in the text opens no placeholder. Caddy leaves such a text as it is, and so do we; it is
// nearly always a slip.
func hasOpenBrace(text string) bool {
	tmpl, _ := parseTemplate(withoutEscapes(text))
	return slices.ContainsFunc(tmpl, func(part campaign.Part) bool { return strings.Contains(part.Key+part.Literal, "{") })
}

// solePlaceholder returns the key of a value that is one placeholder and nothing else.
func solePlaceholder(text string) (key string, ok bool) {
	tmpl, err := parseTemplate(text)
	if err != nil || len(tmpl) != 1 || tmpl[0].Key == "" {
		return "", false
	}
	return tmpl[0].Key, true
}

// claimPrefix begins the placeholders of verified claims.
const claimPrefix = "http.checkout.claim."

// trustedFamilies are Caddy's placeholders that a visitor cannot write.
var trustedFamilies = []string{
	"env.", "file.", "time.", "system.",
	"http.auth.user.", upstreamHeader,
}

// trusted reports whether a visitor cannot write the placeholder, on a route whose identity trusts these claims.
func trusted(key string, claims func(claim string) bool) bool {
	if claim, ok := strings.CutPrefix(key, claimPrefix); ok {
		return claims(claim)
	}
	for _, family := range trustedFamilies {
		if strings.HasPrefix(key, family) {
			return true
		}
	}
	return false
}
