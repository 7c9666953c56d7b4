package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

// adapt returns the indented JSON, or the error of adapting or of loading.
func adapt(t *testing.T, source string) string {
	t.Helper()
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	config, warnings, err := adapter.Adapt([]byte(source), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err.Error()
	}
	for _, w := range warnings {
		t.Errorf("warning: %s", w)
	}
	if err := validate(config); err != nil {
		return loadError(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, config, "", "\t"); err != nil {
		t.Fatal(err)
	}
	return indented.String()
}

// loadError is the error's text from our app on: Caddy loads apps in random order, so the http app
// may have asked for it.
func loadError(err error) string {
	const ours = "loading checkout app module: "
	text := err.Error()
	return text[max(strings.LastIndex(text, ours), 0):]
}

func validate(config []byte) error {
	var cfg caddy.Config
	if err := json.Unmarshal(config, &cfg); err != nil {
		return err
	}
	return caddy.Validate(&cfg)
}

// siteOf is a formatted Caddyfile of the options of the global option and the line of a site.
func siteOf(option, line string) string {
	text := "{\ncheckout {\n" + option + "\n}\n}\n\nhttp:// {\n" + line + "\n}\n"
	return string(caddyfile.Format([]byte(text)))
}

// setKeys sets the environment that every configuration of these tests reads.
func setKeys(t *testing.T) {
	for name, value := range map[string]string{
		"JWT_SECRET":            jwtSecret,
		"ZOTLO_ACCESS_KEY":      accessKey,
		"ZOTLO_ACCESS_SECRET":   accessToken,
		"ZOTLO_APPLICATION_KEY": application,
	} {
		t.Setenv(name, value)
	}
}
