package placeholder

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestHalfWrittenPlaceholderIsNoSecret is the regression test of a signing key that was the text
// {env.JWT_SECRET itself.
func TestHalfWrittenPlaceholderIsNoSecret(t *testing.T) {
	t.Setenv("VALUE", "from the environment")
	for text, want := range map[string]error{
		"{env.VALUE":             errOpenBrace,
		"{$VALUE":                errOpenBrace,
		"{env.VALUE}{env.VALUE":  errOpenBrace,
		"{env.VALUE{env.VALUE}":  errOpenBrace,
		"{{env.VALUE}":           errOpenBrace,
		"{{env.VALUE}}":          errOpenBrace,
		"base64:{env.VALUE":      errOpenBrace,
		"redis://:{file./x@h":    errOpenBrace,
		"{horse":                 errOpenBrace,
		"{env.VALUE}}":           errCloseBrace,
		"}{env.VALUE}":           errCloseBrace,
		"env.VALUE}":             errCloseBrace,
		"ab{cd}":                 errNotAtLoad,
		"{http.request.host}":    errNotAtLoad,
		"{ENV.VALUE}":            errNotAtLoad,
		"{}":                     errEmptyPlaceholder,
		"{env.VALUE}{query.key}": errNotAtLoad,
	} {
		value, err := Secret("secret", text, zap.NewNop())
		if !errors.Is(err, want) || value != "" {
			t.Errorf("%s: %q, %v, want %v", text, value, err, want)
		}
	}
	for text, want := range map[string]string{
		"{env.VALUE}":        "from the environment",
		"base64:{env.VALUE}": "base64:from the environment",
		`{env.VALUE}\}`:      "from the environment}",
		`\{{env.VALUE}`:      "{from the environment",
	} {
		log, lines := observer.New(zap.DebugLevel)
		if value, err := Secret("secret", text,
			zap.New(log)); err != nil || value != want || lines.Len() != 0 {
			t.Errorf("%s: %q, %v, %d warnings", text, value, err, lines.Len())
		}
	}
}

// A literal secret may hold any brace but one at its start; it loads, with the warning.
func TestLiteralSecretMayHoldBraces(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain", "ab{cd": "ab{cd", "ab}cd": "ab}cd", "}ab": "}ab", `ab\}cd`: `ab\}cd`,
		`ab\{cd\}`: "ab{cd}", `\{env.VALUE`: "{env.VALUE", "environment}": "environment}",
	} {
		log, lines := observer.New(zap.DebugLevel)
		value, err := Secret("secret", text, zap.New(log))
		if err != nil || value != want {
			t.Errorf("%s: %q, %v, want %q", text, value, err, want)
		}
		if lines.FilterMessageSnippet("in clear").Len() != 1 {
			t.Errorf("%s: no warning", text)
		}
	}
}

// The piece of a secret that looks like a placeholder stays out of the error.
func TestErrorAboutSecretQuotesNoneOfIt(t *testing.T) {
	for _, text := range []string{
		"correct{horse}battery", "{correct horse",
		"{env.correct{horse}",
	} {
		if _, err := Secret("secret", text,
			zap.NewNop()); err == nil || strings.Contains(err.Error(), "horse") ||
			strings.Contains(err.Error(), "correct") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A variable that was set with echo ends with a line break, and what it is compared with does not.
// Loaded as it stands, it lost every payment or every sale.
func TestValueIsOneLine(t *testing.T) {
	for _, value := range []string{
		"a token that nobody guesses\n", " a token", "a token\r\n",
		"a\ntoken", "a\x00token",
	} {
		for _, option := range []string{
			"token", "audience", "issuer", "application_id", "password",
		} {
			// no variable can hold a zero
			t.Setenv("VALUE", strings.ReplaceAll(value, "\x00", "\x01"))
			_, err := Value(option, "{env.VALUE}")
			if err == nil || strings.Contains(err.Error(), "nobody") ||
				!strings.HasPrefix(err.Error(), option+": ") {
				t.Errorf("%s %q: %v", option, value, err)
			}
			_, err = Secret(option, "{env.VALUE}", zap.NewNop())
			if err == nil || strings.Contains(err.Error(), "nobody") {
				t.Errorf("secret %s %q: %v", option, value, err)
			}
		}
	}
	t.Setenv("VALUE", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
	if _, err := Value("public_key", "{env.VALUE}"); err != nil {
		t.Errorf("a PEM text: %v", err)
	}
}

// A secret behind the wrong option stays out of the error, however the error writes it.
func TestErrorConcealsWhatPlaceholdersStandFor(t *testing.T) {
	for _, value := range []string{"correct horse", `correct "horse"`} {
		for _, err := range []error{
			fmt.Errorf("jwks %s: open %s: no such file", value, value),
			fmt.Errorf("link host %q", value),
		} {
			got := Conceal(err, []string{"{env.JWKS}"}, []string{value})
			if strings.Contains(got.Error(), "horse") || !strings.Contains(got.Error(),
				"{env.JWKS}") {
				t.Errorf("%v became %v", err, got)
			}
		}
	}
	plain := errors.New("jwks keys.json: no such file")
	if got := Conceal(plain, []string{"keys.json", ""}, []string{"keys.json", ""}); got != plain {
		t.Errorf("got %v", got)
	}
}
