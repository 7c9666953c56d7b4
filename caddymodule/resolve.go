package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// resolveSecret reads one configured secret. Its errors name the word and the placeholder, never a value.
func resolveSecret(word, text string, log *zap.Logger) (string, error) {
	if text == "" {
		return "", fmt.Errorf("%s is missing: write `%s {env.NAME}`", word, word)
	}
	value, literal, err := fill(text)
	if err != nil {
		return "", secretPlaces.locate(word, text, fmt.Errorf("%s: %w", word, err))
	}
	if literal {
		log.Warn("a secret stands in the configuration in clear, where the admin API and autosave.json show it; use {env.NAME} or {file./absolute/path}",
			zap.String("word", word))
	}
	return value, nil
}

// resolve reads a configured text that is no secret, but may also come from the environment or a file. An empty one stays empty.
func resolve(word, text string) (string, error) {
	value, _, err := fill(text)
	if err != nil {
		return "", secretPlaces.locate(word, text, fmt.Errorf("%s: %w", word, err))
	}
	return value, nil
}

// resolveAll is resolve for the values of one word.
func resolveAll(word string, texts []string) ([]string, error) {
	var values []string
	for _, text := range texts {
		value, err := resolve(word, text)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// hasPlaceholder reports whether a text may mean something else once its placeholders are filled in.
func hasPlaceholder(texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "{") })
}

// checkNames refuses a placeholder where only a name makes sense.
func checkNames(word string, names []string) error {
	if i := slices.IndexFunc(names, func(name string) bool { return hasPlaceholder(name) }); i >= 0 {
		return fmt.Errorf("%s %q: placeholders are not filled in here: write the name itself; {$NAME} is filled in before the Caddyfile is read", word, names[i])
	}
	return nil
}

// loadReplacer knows {env.*}, {file.*}, {system.*} and {time.*}: what can be known when a configuration is loaded.
var loadReplacer = caddy.NewReplacer()

// loadFamilies begin the placeholders that an error may name. Any other may be a piece of a secret.
var loadFamilies = []string{"env.", "file.", "system.", "time."}

var (
	errOpenBrace  = errors.New(`a { stands there without its }: write {env.NAME} or {file./absolute/path}, or \{ for the brace itself`)
	errCloseBrace = errors.New(`a } stands there without its {: write {env.NAME} or {file./absolute/path}, or \} for the brace itself`)
	errNotAtLoad  = errors.New(`a placeholder stands there that nothing fills in when the configuration is loaded: write {env.NAME} or {file./absolute/path}, or \{ and \} for the braces themselves`)
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
		return "", false, fmt.Errorf("%w: set that environment variable or file, or name another", err)
	}
	return value, literal, nil
}

// checkBraces refuses a half-written placeholder, which Caddy's scanner takes as it stands: a signing key that is the
// text {env.JWT_SECRET is known to everybody.
func checkBraces(text string) (literal bool, err error) {
	tmpl, err := parseTemplate(withoutEscapes(text))
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
		case !slices.ContainsFunc(loadFamilies, func(family string) bool { return strings.HasPrefix(part.Key, family) }):
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

// halfWritten reports whether a text without a placeholder was meant to be one.
func halfWritten(text string) bool {
	for _, family := range loadFamilies {
		if strings.Contains(text, "{"+family) || strings.HasPrefix(text, family) && strings.HasSuffix(text, "}") {
			return true
		}
	}
	return strings.HasPrefix(text, "{")
}
