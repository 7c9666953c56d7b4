package caddymodule

import (
	"testing"
	"time"

	"github.com/caddy-checkout/checkout/zotlo"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]zotlo.Rate{
		"": {}, "50/1s": {Events: 50, Per: time.Second}, "10/1m": {
			Events: 10,
			Per:    time.Minute,
		}, "5/1d": {Events: 5, Per: 24 * time.Hour},
	} {
		if got, err := parseRate(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"50", "0/1s", "-1/1s", "5/", "/1s", "5/0s", "5/-1s", "a/1s",
		"5/1x", "5/1us",
	} {
		if _, err := parseRate(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
