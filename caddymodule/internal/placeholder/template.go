// Package placeholder reads the placeholders of configured texts: which there are, whom they trust,
// and what they stand for when a configuration is loaded. Caddy's own scanner cuts the texts, so
// that escapes and unpaired braces mean here what they mean everywhere else in Caddy.
package placeholder

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-checkout/checkout/campaign"
)

// marker brackets the number of a placeholder while Caddy's scanner cuts a text. Configured text
// cannot hold it: Parse refuses control characters.
const marker = "\x00"

var (
	errControlCharacter = errors.New("control characters are not allowed")
	errEmptyPlaceholder = errors.New(
		`{} is a placeholder without a name: write \{} for the braces themselves`)
)

// Parse cuts a text at its placeholders.
func Parse(text string) ([]campaign.Part, error) {
	if strings.Contains(text, marker) {
		return nil, errControlCharacter
	}
	var keys []string
	cut, err := everyKey.ReplaceFunc(text, func(key string, _ any) (any, error) {
		if key == "" {
			return nil, errEmptyPlaceholder
		}
		keys = append(keys, canonical(key))
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

// everyKey claims to know every placeholder, so that the scanner reports each.
var everyKey = func() *caddy.Replacer {
	repl := caddy.NewEmptyReplacer()
	repl.Map(func(string) (any, bool) { return "", true })
	return repl
}()

// Upstream begins the placeholders of an upstream's answer. Caddy sets them under the header's
// canonical name, and looks them up letter by letter.
const Upstream = "http.reverse_proxy.header."

// canonical is the name under which Caddy knows a placeholder: the case of a header's name means
// nothing.
func canonical(key string) string {
	if name, ok := strings.CutPrefix(key, Upstream); ok {
		return Upstream + http.CanonicalHeaderKey(name)
	}
	return key
}

// Sole returns the key of a text that is one placeholder and nothing else.
func Sole(text string) (key string, ok bool) {
	tmpl, err := Parse(text)
	if err != nil || len(tmpl) != 1 || tmpl[0].Key == "" {
		return "", false
	}
	return tmpl[0].Key, true
}

// In reports whether one of the texts may mean something else once its placeholders are filled in.
func In(texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "{") })
}

// HasOpenBrace reports whether a { in the text opens no placeholder. Caddy leaves such a text as it
// is, and so do we; it is nearly always a typo.
func HasOpenBrace(text string) bool {
	tmpl, _ := Parse(withoutEscapes(text))
	return slices.ContainsFunc(tmpl, func(part campaign.Part) bool {
		return strings.Contains(part.Key+part.Literal, "{")
	})
}

// withoutEscapes removes the braces that a text asks to be left alone, so that those that remain
// mean placeholders.
func withoutEscapes(text string) string {
	return strings.NewReplacer(`\{`, "", `\}`, "").Replace(text)
}
