package placeholder

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-checkout/checkout/caddymodule/internal/block"
)

// Secret reads one configured secret. Its errors name the option and the placeholder, never a
// value.
func Secret(option, text string, log *zap.Logger) (string, error) {
	if text == "" {
		return "", ErrMissing(option)
	}
	value, literal, err := fillOption(option, text)
	if err != nil {
		return "", err
	}
	if literal {
		warnInClear(option, log)
	}
	return value, nil
}

func warnInClear(option string, log *zap.Logger) {
	log.Warn("a secret stands in the configuration in clear, where the admin API and "+
		"autosave.json show it; use {env.NAME} or {file./absolute/path}",
		zap.String("word", option))
}

// Addresses is Values for URLs that may hold a password. One in clear is warned of as every other
// secret is, once for the option, and never shown.
func Addresses(option string, texts []string, log *zap.Logger) ([]string, error) {
	values, err := Values(option, texts)
	if err == nil && slices.ContainsFunc(texts, hasLiteralPassword) {
		warnInClear(option, log)
	}
	return values, err
}

// hasLiteralPassword reports whether the password of a URL stands in the text itself: whatever the
// rest is, no placeholder fills it in.
func hasLiteralPassword(url string) bool {
	tmpl, err := Parse(url)
	if err != nil {
		return false
	}
	var shape strings.Builder // placeholders hold slashes and at signs of their own
	for _, part := range tmpl {
		if part.Key != "" {
			part.Literal = marker
		}
		shape.WriteString(part.Literal)
	}
	_, authority, _ := strings.Cut(shape.String(), "://")
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	at := strings.LastIndex(authority, "@")
	if at < 0 {
		return false
	}
	_, password, _ := strings.Cut(authority[:at], ":")
	return password != "" && !strings.Contains(password, marker)
}

// ErrMissing is the error about a secret that is not configured at all.
func ErrMissing(option string) error {
	return fmt.Errorf("%s is missing: write `%s {env.NAME}`", option, option)
}

// Value reads a configured text that is no secret, but may also come from the environment or a
// file. An empty one stays empty.
func Value(option, text string) (string, error) {
	value, _, err := fillOption(option, text)
	return value, err
}

// Values is Value for the values of one option.
func Values(option string, texts []string) ([]string, error) {
	var values []string
	for _, text := range texts {
		value, err := Value(option, text)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// fillOption fills in the value of an option, and names option and line in its errors.
func fillOption(option, text string) (value string, literal bool, err error) {
	value, literal, err = fill(text)
	if err == nil && !severalLines[option] {
		err = checkLine(value)
	}
	if err != nil {
		return "", false, block.Locate(option, text, fmt.Errorf("%s: %w", option, err))
	}
	return value, literal, nil
}

// severalLines are the options whose values may be a PEM text or base64, which package auth checks.
var severalLines = map[string]bool{"public_key": true, "secret": true}

// checkLine refuses what an environment variable easily brings along. A token or an audience with a
// line break at its end equals none.
func checkLine(value string) error {
	if value != strings.TrimSpace(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return errors.New("its value begins or ends with white space, or holds a line break: " +
			"set it without, as `printf` writes it and `echo` does not")
	}
	return nil
}

// Conceal puts configured texts back in the place of what their placeholders stand for. An error
// must not show a secret that was put behind the wrong option.
func Conceal(err error, texts, values []string) error {
	message := err.Error()
	for i, value := range values {
		if len(value) < 4 || value == texts[i] {
			continue // too short to be a secret, or shown by the configuration itself
		}
		quoted := strconv.Quote(value)
		quoted = quoted[1 : len(quoted)-1]
		message = strings.NewReplacer(value, texts[i], quoted, texts[i]).Replace(message)
	}
	if message == err.Error() {
		return err
	}
	return errors.New(message)
}

// CheckNames refuses a placeholder where only a name makes sense.
func CheckNames(option string, names []string) error {
	if i := slices.IndexFunc(names, func(name string) bool { return In(name) }); i >= 0 {
		return fmt.Errorf("%s %q: placeholders are not filled in here: write the name itself; "+
			"{$NAME} is filled in before the Caddyfile is read", option, names[i])
	}
	return nil
}

// loadReplacer knows {env.*}, {file.*}, {system.*} and {time.*}: what can be known when a
// configuration is loaded.
var loadReplacer = caddy.NewReplacer()

// loadFamilies begin the placeholders that an error may name. Any other may be a piece of a secret.
var loadFamilies = []string{"env.", "file.", "system.", "time."}

var (
	errOpenBrace = errors.New("a { stands there without its }: " +
		`write {env.NAME} or {file./absolute/path}, or \{ for the brace itself`)
	errCloseBrace = errors.New("a } stands there without its {: " +
		`write {env.NAME} or {file./absolute/path}, or \} for the brace itself`)
	errNotAtLoad = errors.New("a placeholder stands there that nothing fills in when the " +
		"configuration is loaded: write {env.NAME} or {file./absolute/path}, " +
		`or \{ and \} for the braces themselves`)
)

// fill puts the values of placeholders in place. literal says that the text holds none.
func fill(text string) (value string, literal bool, err error) {
	if literal, err = checkBraces(text); err != nil {
		return "", false, err
	}
	if !strings.Contains(text, "{") {
		return text, true, nil // Caddy's scanner would take backslashes out of it
	}
	if value, err = loadReplacer.ReplaceOrErr(text, true, true); err != nil {
		return "", false, fmt.Errorf("%w: set that environment variable or file, or name another",
			err)
	}
	return value, literal, nil
}

// checkBraces refuses a half-written placeholder, which Caddy's scanner takes as it stands: a
// signing key that is the text {env.JWT_SECRET is known to everybody.
func checkBraces(text string) (literal bool, err error) {
	tmpl, err := Parse(withoutEscapes(text))
	if err != nil {
		return false, err
	}
	literal = true
	for _, part := range tmpl {
		switch {
		case part.Key == "":
			continue
		case strings.Contains(part.Key, "{"):
			return false, errOpenBrace
		case !isKnownAtLoad(part.Key):
			return false, errNotAtLoad
		}
		literal = false
	}
	for _, part := range tmpl {
		switch {
		case literal && !halfWritten(part.Literal): // a secret may hold braces
		case strings.Contains(part.Literal, "{"):
			return false, errOpenBrace
		case strings.Contains(part.Literal, "}"):
			return false, errCloseBrace
		}
	}
	return literal, nil
}

func isKnownAtLoad(key string) bool {
	return slices.ContainsFunc(loadFamilies, func(family string) bool {
		return strings.HasPrefix(key, family)
	})
}

// halfWritten reports whether a text without a placeholder was meant to be one.
func halfWritten(text string) bool {
	for _, family := range loadFamilies {
		if strings.Contains(text, "{"+family) ||
			strings.HasPrefix(text, family) && strings.HasSuffix(text, "}") {
			return true
		}
	}
	return strings.HasPrefix(text, "{")
}
